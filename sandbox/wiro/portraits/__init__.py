"""Portraits out of words and a number: the pictures that the stand-in's tools make."""

from sandbox.wiro.portraits.painting import Picture, paint

__all__ = ["Picture", "paint"]
