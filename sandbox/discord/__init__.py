"""A stand-in for Discord: REST, gateway and CDN, good enough for an unchanged discord.py."""

from sandbox.discord.actions import Answer, Interaction, InteractionFailed, Modal
from sandbox.discord.model import Channel, Guild, Limits, Message, Person, Upload
from sandbox.discord.standin import DiscordStandIn

__all__ = [
    "Answer",
    "Channel",
    "DiscordStandIn",
    "Guild",
    "Interaction",
    "InteractionFailed",
    "Limits",
    "Message",
    "Modal",
    "Person",
    "Upload",
]
