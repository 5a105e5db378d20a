"""The life of a job: accepted, in the line, at Wiro, delivered, ended. Nothing here imports `discord`."""
