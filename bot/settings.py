"""The settings, from environment variables and a `.env` file beside them.

A wrong or missing one is one finished line: its name, what is wrong, and an example.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import SettingsError
from bot.limits import COUNTED, EACH, NANO_PER_USD, Limit, check_amounts
from bot.moderation.words import WordList, read_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_EMPTY_MEANS_OFF = frozenset({"wiro_socket_url"})
"""Everywhere else an empty variable counts as not set: compose files and shells make such."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a setting is explained to who got it wrong."""

    must_be: str
    """Completes the sentence "It must be …"."""
    example: str
    hide_value: bool = False
    """What was given may hold a secret, and is not repeated."""


def _address(*schemes: str, ends_without_slash: bool = True) -> BeforeValidator:
    def check(value: object) -> object:
        text = str(value).strip()
        if not text:
            return text
        parts = urlsplit(text)
        if (
            parts.scheme not in schemes
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise ValueError
        _ = parts.port  # raises ValueError when it is no port
        return text.rstrip("/") if ends_without_slash else text

    return BeforeValidator(check)


def _database(value: object) -> object:
    text = str(value).strip()
    if text.startswith("postgres://"):  # as hosting services still write it
        text = "postgresql://" + text.removeprefix("postgres://")
    parts = urlsplit(text)
    if parts.scheme == "sqlite":
        path = text.removeprefix("sqlite:///")
        if path == text or path in {"", ":memory:"} or "?" in path:
            raise ValueError
    elif parts.scheme == "postgresql":
        _ = parts.port  # raises ValueError when it is no port
        if not parts.hostname or not parts.path.strip("/"):
            raise ValueError
    else:
        raise ValueError
    return text


def _credential(value: object) -> object:
    text = str(value).strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _shard_ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = [int(part) for part in value.split(",")]
    if len(set(ids)) != len(ids):
        raise ValueError
    return tuple(sorted(ids))


def _users(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = [part.strip() for part in value.split(",")]
    if not all(re.fullmatch(r"\d{15,20}", each) for each in ids):
        raise ValueError
    return tuple(map(int, ids))


def _words_file(value: object) -> object:
    read_words(Path(str(value)))  # a NotAWord is a ValueError
    return value


def _tiers(value: object) -> object:
    """Amounts by SKU, out of JSON that names money in dollars."""
    if not isinstance(value, str):
        return value
    return {_sku(name): _amounts(rule, EACH) for name, rule in _object(json.loads(value)).items()}


def _further(value: object) -> object:
    """Amounts of the limits that have no setting of their own, likewise."""
    return _amounts(json.loads(value), _FURTHER) if isinstance(value, str) else value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004  # pydantic tells of a ValueError alone
    return value


def _sku(name: str) -> int:
    if not re.fullmatch(r"\d{15,20}", name):
        raise ValueError
    return int(name)


def _amounts(rule: object, known: Iterable[Limit]) -> dict[Limit, int]:
    names = {limit.value.replace("nano_usd", "usd"): limit for limit in known}
    amounts = {}
    for name, given in _object(rule).items():
        limit = names.get(name)
        if limit is None or isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError
        if not math.isfinite(given):
            raise ValueError
        exact = Decimal(str(given)) * (NANO_PER_USD if limit.is_money else 1)
        if exact != int(exact):
            raise ValueError
        amounts[limit] = int(exact)
    check_amounts(amounts)
    return amounts


def _follow(name: str) -> Callable[[dict[str, Any]], int]:
    """A ceiling that is not set is as high as the setting it limits."""
    return lambda data: int(data[name])


def _case(change: Callable[[str], str]) -> BeforeValidator:
    return BeforeValidator(lambda value: change(value.strip()) if isinstance(value, str) else value)


_Credential = Annotated[SecretStr, BeforeValidator(_credential)]
_Amount = Annotated[int, Field(ge=0, le=1_000_000)]
_QUOTA = Rule("a whole number from 0 to 1000000", "40")
_FURTHER = tuple(limit for limit in EACH if limit not in COUNTED.values())
_FURTHER_RULE = Rule(
    "JSON with limits of a member: samples, steps, side, weight, usd_per_day, usd_per_month",
    '{"samples": 4, "usd_per_day": 0.5}',
)
_CEILING = Rule("a whole number from 0 to 1000000, not under the setting that it limits", "100")
_TOKEN = Rule(
    'the bot\'s token from the Developer Portal (Bot, Reset Token), without "Bot " in front',
    "MTE5OTk….GabcDE.abcdef…",
    hide_value=True,
)


class Settings(BaseSettings):
    """Every setting of the bot, checked. The field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file_encoding="utf-8",
        validate_default=False,
        hide_input_in_errors=True,
    )

    discord_token: Annotated[_Credential, _TOKEN]
    discord_api_url: Annotated[
        str, _address("https", "http"), Rule("an https:// address", "https://discord.com/api/v10")
    ] = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[
        str,
        _address("wss", "ws", ends_without_slash=False),
        Rule("a wss:// address", "wss://gateway.discord.gg/"),
    ] = "wss://gateway.discord.gg/"

    wiro_api_key: Annotated[_Credential, Rule("the key of your project at Wiro", "t2J0aG…", hide_value=True)]
    wiro_api_secret: Annotated[
        _Credential | None, Rule("the secret of your project at Wiro", "c2VjcmV0…", hide_value=True)
    ] = None
    wiro_api_url: Annotated[
        str, _address("https", "http"), Rule("an https:// address", "https://api.wiro.ai/v1")
    ] = "https://api.wiro.ai/v1"
    wiro_socket_url: Annotated[
        str, _address("wss", "ws"), Rule("a wss:// address, or empty to poll only", "wss://socket.wiro.ai/v1")
    ] = "wss://socket.wiro.ai/v1"
    wiro_max_concurrent: Annotated[
        int | None, Field(ge=1, le=10_000), Rule("a whole number from 1 to 10000", "5")
    ] = None

    data_dir: Annotated[Path, Rule("a folder", "data")] = Path("data")
    database_url: Annotated[
        str,
        BeforeValidator(_database),
        Rule(
            "sqlite:///path/to/file.db or postgresql://user:password@host:port/name",
            "sqlite:///data/atelier.db",
            hide_value=True,
        ),
    ] = Field(default_factory=lambda data: f"sqlite:///{data['data_dir'].as_posix()}/atelier.db", repr=False)

    http_host: Annotated[str, Field(min_length=1), Rule("an address of this machine", "127.0.0.1")] = (
        "127.0.0.1"
    )
    http_port: Annotated[
        int, Field(ge=0, le=65535), Rule("a whole number from 0 to 65535 (0: any free port)", "8081")
    ] = 8081
    public_url: Annotated[
        str | None,
        _address("https", "http"),
        Rule(
            "the https:// address, without ? or #, at which the operator's port is reached",
            "https://atelier.example.org",
        ),
    ] = None

    training_upload: Annotated[
        Literal["auto", "url", "files", "zip"], _case(str.lower), Rule("auto, url, files or zip", "auto")
    ] = "auto"

    quota_images_per_day: Annotated[_Amount, _QUOTA] = 40
    quota_trainings_per_week: Annotated[_Amount, Rule(_QUOTA.must_be, "1")] = 1
    quota_concurrent_tasks: Annotated[_Amount, Rule(_QUOTA.must_be, "3")] = 3
    quota_images_per_day_max: Annotated[_Amount, _CEILING] = Field(
        default_factory=_follow("quota_images_per_day")
    )
    quota_trainings_per_week_max: Annotated[_Amount, Rule(_CEILING.must_be, "2")] = Field(
        default_factory=_follow("quota_trainings_per_week")
    )
    quota_concurrent_tasks_max: Annotated[_Amount, Rule(_CEILING.must_be, "5")] = Field(
        default_factory=_follow("quota_concurrent_tasks")
    )
    quota_limits: Annotated[Mapping[Limit, int], NoDecode, BeforeValidator(_further), _FURTHER_RULE] = Field(
        default_factory=dict
    )
    quota_limits_max: Annotated[
        Mapping[Limit, int],
        NoDecode,
        BeforeValidator(_further),
        Rule(_FURTHER_RULE.must_be, '{"samples": 8, "side": 1024, "usd_per_day": 5}'),
    ] = Field(default_factory=dict)
    budget_usd_per_day: Annotated[
        Decimal | None,
        Field(ge=0, le=1_000_000, decimal_places=9, allow_inf_nan=False),
        Rule("an amount in US dollars", "25.00"),
    ] = None

    budget_usd_per_month: Annotated[
        Decimal | None,
        Field(ge=0, le=1_000_000, decimal_places=9, allow_inf_nan=False),
        Rule("an amount in US dollars", "400.00"),
    ] = None
    premium_limits: Annotated[
        Mapping[int, Mapping[Limit, int]],
        NoDecode,
        BeforeValidator(_tiers),
        Rule(
            "JSON with limits by the SKU id of a premium app: images_per_day, trainings_per_week, "
            "concurrent_tasks, samples, steps, side, weight, usd_per_day, usd_per_month",
            '{"1088510058284990888": {"images_per_day": 100, "weight": 200}}',
        ),
    ] = Field(default_factory=dict)

    blocked_users: Annotated[
        tuple[int, ...],
        NoDecode,
        BeforeValidator(_users),
        Rule("ids of Discord users, of 15 to 20 digits, with commas between", "80351110224678912"),
    ] = ()
    blocked_words_file: Annotated[
        Path | None,
        BeforeValidator(_words_file),
        Rule("a UTF-8 text file with a word or phrase of two letters or more on each line", "words.txt"),
    ] = None

    shard_count: Annotated[
        int | None, Field(ge=1, le=10_000), Rule("a whole number from 1 to 10000", "4")
    ] = None
    shard_ids: Annotated[
        tuple[int, ...] | None,
        NoDecode,
        BeforeValidator(_shard_ids),
        Rule("different whole numbers with commas between, each from 0 to one less than SHARD_COUNT", "0,1"),
    ] = None

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        _case(str.upper),
        Rule("DEBUG, INFO, WARNING, ERROR or CRITICAL", "INFO"),
    ] = "INFO"
    log_format: Annotated[Literal["console", "json"], _case(str.lower), Rule("console or json", "json")] = (
        "console"
    )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        given = [self.discord_token, self.wiro_api_key, self.wiro_api_secret]
        password = urlsplit(self.database_url).password
        return (
            *(secret.get_secret_value() for secret in given if secret is not None),
            *((password, unquote(password)) if password else ()),
        )

    @property
    def budget_nano_usd_per_day(self) -> int | None:
        """`BUDGET_USD_PER_DAY` in the unit of the ledger."""
        return None if self.budget_usd_per_day is None else int(self.budget_usd_per_day * NANO_PER_USD)

    @property
    def budget_nano_usd_per_month(self) -> int | None:
        """`BUDGET_USD_PER_MONTH` in the unit of the ledger."""
        return None if self.budget_usd_per_month is None else int(self.budget_usd_per_month * NANO_PER_USD)

    @property
    def blocked_words(self) -> WordList:
        """The words of `BLOCKED_WORDS_FILE`; none without it."""
        return WordList(() if self.blocked_words_file is None else read_words(self.blocked_words_file))

    @model_validator(mode="after")
    def _agree(self) -> Self:
        contradictions = [
            *self._ceilings_under_their_setting(),
            *self._no_address_for_photos(),
            *self._wrong_shards(),
        ]
        if contradictions:
            raise ValueError("\n".join(contradictions))
        return self

    def _ceilings_under_their_setting(self) -> Iterator[str]:
        for name in ("quota_images_per_day", "quota_trainings_per_week", "quota_concurrent_tasks"):
            usual, ceiling = getattr(self, name), getattr(self, f"{name}_max")
            if ceiling < usual:
                yield (
                    f"{name.upper()}_MAX is {ceiling}, under {name.upper()}, which is {usual}. "
                    f"Raise it, or lower the other. Example: {name.upper()}_MAX={usual}"
                )
        for limit, ceiling in self.quota_limits_max.items():
            if self.quota_limits.get(limit, ceiling) > ceiling:
                name = limit.value.replace("nano_usd", "usd")
                yield (
                    f"QUOTA_LIMITS says more of {name} than QUOTA_LIMITS_MAX. Raise the one, or lower the "
                    f"other. Example: QUOTA_LIMITS={_FURTHER_RULE.example}"
                )

    def _no_address_for_photos(self) -> Iterator[str]:
        if self.training_upload == "url" and self.public_url is None:
            yield (
                'TRAINING_UPLOAD is "url", which needs a PUBLIC_URL under which Wiro reaches the photos. '
                "Set that, or let the bot choose. Example: TRAINING_UPLOAD=auto"
            )

    def _wrong_shards(self) -> Iterator[str]:
        if self.shard_ids is None:
            return
        if self.shard_count is None:
            yield (
                "SHARD_COUNT is not set, and SHARD_IDS needs it. It must be the number of shards of all "
                f"processes together. Example: SHARD_COUNT={max(self.shard_ids) + 1}"
            )
        elif not all(0 <= shard < self.shard_count for shard in self.shard_ids):
            yield (
                f"SHARD_IDS names a shard outside 0 to {self.shard_count - 1}, with "
                f"SHARD_COUNT={self.shard_count}. Example: SHARD_IDS=0"
            )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the program gives, then the environment, then the file."""
        del file_secret_settings
        return init_settings, _Filled(settings_cls, env_settings), _Filled(settings_cls, dotenv_settings)


class _Filled(PydanticBaseSettingsSource):
    """A source without its empty variables, so that the next source is asked for them."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self._source().items()
            if name in _EMPTY_MEANS_OFF or not (isinstance(value, str) and not value.strip())
        }


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Settings from the environment and, where that is silent, from `env_file`.

    Raises:
        SettingsError: Some are missing or wrong; a line for each.
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        found = [line for each in error.errors(include_url=False) for line in _problems(each)]
        raise SettingsError(found) from None  # its text would repeat values
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{env_file} cannot be read: {why}. Mend it, or remove it."]) from error


def _problems(error: ErrorDetails) -> Iterator[str]:
    if error["type"] == "default_factory_not_called":  # it follows from another line
        return
    if not error["loc"]:
        yield from str(error["ctx"]["error"]).splitlines()
        return
    field = str(error["loc"][0])
    rule = next(each for each in Settings.model_fields[field].metadata if isinstance(each, Rule))
    name = field.upper()
    if error["type"] == "missing":
        wrong = "is not set"
    elif rule.hide_value or "@" in str(error["input"]):  # a password may stand before an @
        wrong = "is wrong (its value is not repeated here)"
    else:
        wrong = f'is "{error["input"]}"'
    yield f"{name} {wrong}. It must be {rule.must_be}. Example: {name}={rule.example}"
