"""The parts of the stand-in that its handlers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.discord.commands import CommandBook
    from sandbox.discord.events import Events
    from sandbox.discord.faults import Faults
    from sandbox.discord.interactions import Interactions
    from sandbox.discord.model import Limits
    from sandbox.discord.ratelimits import RateLimits
    from sandbox.discord.requestlog import RequestLog
    from sandbox.discord.times import Times
    from sandbox.discord.views import Views
    from sandbox.discord.world import World


@dataclass(eq=False, slots=True)
class Context:
    """Everything a REST handler may need."""

    token: str
    times: Times
    limits: Limits
    world: World
    views: Views
    events: Events
    commands: CommandBook
    interactions: Interactions
    rate_limits: RateLimits
    faults: Faults
    requests: RequestLog
