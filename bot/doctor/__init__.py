"""Checks every setting and every service that the bot needs."""

from bot.doctor.examination import doctor

__all__ = ["doctor"]
