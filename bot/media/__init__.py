"""Images in and out: checking, fitting, and the text inside them. Nothing here waits, all of it computes."""

from bot.media.errors import BadArchive, BadImage, CannotFit, MediaError, TooManyPixels

__all__ = ["BadArchive", "BadImage", "CannotFit", "MediaError", "TooManyPixels"]
