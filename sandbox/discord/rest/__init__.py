"""The handlers of Discord's REST API, by resource."""
