"""The life of a job: accepted, in the line, at Wiro, delivered, ended. Nothing here knows of Discord's library."""
