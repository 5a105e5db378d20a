"""Interactions under way: what the gateway event says, who waits, and until when."""

from __future__ import annotations

import asyncio
import base64
import secrets
from typing import TYPE_CHECKING

from sandbox.discord.actions import Answer, AnswerKind, Interaction, Modal
from sandbox.discord.views import partial_channel

if TYPE_CHECKING:
    from sandbox.discord.events import Events
    from sandbox.discord.faults import Faults
    from sandbox.discord.model import Channel, Json, Limits, Message, Person
    from sandbox.discord.times import Times
    from sandbox.discord.views import Views
    from sandbox.discord.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
_APPLICATION_SUBSCRIPTION = 8
_MOST_KEPT = 20_000


class Interactions:
    """Creates interactions, delivers them to the bot and fails those that get no response."""

    def __init__(
        self, *, times: Times, limits: Limits, world: World, views: Views, events: Events, faults: Faults
    ) -> None:
        self._times = times
        self._limits = limits
        self._world = world
        self._views = views
        self._events = events
        self._faults = faults
        self._by_token: dict[str, Interaction] = {}
        self._modals: dict[str, tuple[int, Modal]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def create(
        self,
        kind: int,
        person: Person,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """A new interaction, on its way to the bot."""
        interaction_id = self._times.new_id()
        token = _token(interaction_id)
        payload = self._payload(kind, person, channel, data) | {"id": str(interaction_id), "token": token}
        if source is not None:
            payload["message"] = self._views.message(source)
        due_s = self._times.pace_s() + self._limits.first_response_s
        now_s = self._times.now_s()
        interaction = Interaction(
            interaction_id,
            token,
            kind,
            person,
            channel,
            payload,
            now_s,
            due_s,
            source=source,
            opened_by=opened_by,
        )
        self._keep(interaction)
        times = 2 if self._faults.duplicate_interactions and kind != AUTOCOMPLETE else 1
        self._faults.duplicate_interactions -= times - 1
        for _ in range(times):
            self._events.dispatch("INTERACTION_CREATE", payload, guild_id=channel.guild_id)
        return interaction

    def _keep(self, interaction: Interaction) -> None:
        self._by_token[interaction.token] = interaction
        if len(self._by_token) > _MOST_KEPT:
            del self._by_token[next(iter(self._by_token))]
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._limits.first_response_s, self.fail_if_due, interaction)
        self._timers[interaction.id] = timer

    def _payload(self, kind: int, person: Person, channel: Channel, data: Json) -> Json:
        world, views = self._world, self._views
        bits = world.permissions(person, channel)
        payload: Json = {
            "application_id": str(world.application_id),
            "type": kind,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": partial_channel(views, channel, bits),
            "app_permissions": str(world.permissions(world.bot, channel)),
            "locale": person.locale,
            "entitlements": [self._entitlement(person, sku_id) for sku_id in person.bought],
            "attachment_size_limit": self.upload_limit_bytes(channel, person),
        }
        guild = world.guild_of(channel)
        if guild is None:
            return payload | {
                "user": views.user(person),
                "context": 1,
                "authorizing_integration_owners": {"0": "0"},
            }
        member = views.member(guild.members[person.id]) | {"permissions": str(bits)}
        return payload | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": member,
            "context": 0,
            "authorizing_integration_owners": {"0": str(guild.id)},
        }

    def _entitlement(self, person: Person, sku_id: int) -> Json:
        """A subscription that this person pays for, as an interaction tells it."""
        return {
            "id": str(sku_id + 1),
            "sku_id": str(sku_id),
            "application_id": str(self._world.application_id),
            "user_id": str(person.id),
            "type": _APPLICATION_SUBSCRIPTION,
            "deleted": False,
            "starts_at": None,
            "ends_at": None,
        }

    def upload_limit_bytes(self, channel: Channel, person: Person | None = None) -> int:
        """The size of one file there: for a person, or without one for the bot's own requests."""
        guild = self._world.guild_of(channel)
        boosted = guild.boost_upload_bytes if guild else 0
        return max(self._limits.file_bytes, boosted, person.nitro_upload_bytes if person else 0)

    # Finding

    def by_token(self, token: str) -> Interaction | None:
        """The interaction whose token that is."""
        return self._by_token.get(token)

    def is_expired(self, interaction: Interaction) -> bool:
        """Whether its fifteen minutes are over."""
        return self._times.now_s() >= interaction.created_s + self._limits.token_s

    # Answering

    def answer(self, interaction: Interaction, answer: Answer) -> None:
        """The first response is here: whoever waits goes on."""
        interaction.answer = answer
        if timer := self._timers.pop(interaction.id, None):
            timer.cancel()
        interaction.done.set()
        what = {
            "id": str(interaction.id),
            "channel_id": str(interaction.channel.id),
            "kind": answer.kind.value,
        }
        if interaction.source is not None:
            what["message_id"] = str(interaction.source.id)
        failed = answer.kind is AnswerKind.FAILED
        if interaction.opened_by is not None and not failed:
            self._close_modal_of(interaction.opened_by)
        self._events.show(interaction.person, "INTERACTION_FAILED" if failed else "INTERACTION_ACK", what)

    def open_modal(self, interaction: Interaction, form: Json) -> Modal:
        """Put a modal on the person's screen."""
        modal = Modal(
            str(self._times.new_id()), form["custom_id"], form["title"], form["components"], interaction
        )
        self._modals[modal.id] = (interaction.person.id, modal)
        what = {
            "id": modal.id,
            "interaction_id": str(interaction.id),
            "channel_id": str(interaction.channel.id),
            "custom_id": modal.custom_id,
            "title": modal.title,
            "components": modal.components,
        }
        self._events.show(interaction.person, "MODAL", what)
        return modal

    def modal(self, person: Person, modal_id: str) -> Modal:
        """A modal that is open on that person's screen; raises ValueError."""
        owner, modal = self._modals.get(modal_id, (0, None))
        if modal is None or owner != person.id:
            raise ValueError("no such modal is open")
        return modal

    def close_modal(self, modal: Modal) -> None:
        """It was dismissed."""
        self._modals.pop(modal.id, None)

    def _close_modal_of(self, opener: Interaction) -> None:
        """It was sent and answered; one that got no answer stays open, and can be sent again."""
        self._modals = {key: kept for key, kept in self._modals.items() if kept[1].interaction is not opener}

    def close_modals_of(self, person: Person) -> None:
        """The person's screen was reloaded."""
        self._modals = {key: kept for key, kept in self._modals.items() if kept[0] != person.id}

    # Failing

    def fail_if_due(self, interaction: Interaction) -> None:
        """Fail an unanswered interaction whose three seconds are over."""
        if interaction.answer is None and self._times.pace_s() >= interaction.due_s - 0.001:
            self.answer(interaction, Answer(AnswerKind.FAILED))

    def fail_all_due(self) -> None:
        """The same for every one, after the clock was moved."""
        for interaction in list(self._by_token.values()):
            self.fail_if_due(interaction)

    def close(self) -> None:
        """No more timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def _token(interaction_id: int) -> str:
    secret = f"interaction:{interaction_id}:{secrets.token_urlsafe(96)}"
    return base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")
