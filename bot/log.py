"""Logs through structlog, on stderr, that cannot print a token, key, secret, signature or prompt.

Every record, of the bot and of its libraries, goes the same way: fields of the context (`job=…`) are added,
the traceback becomes text, everything secret is taken out, and only then is it rendered. The finished line is
looked through once more.
"""

from __future__ import annotations

import logging
import re
import secrets as random_source
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import orjson
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["Redactor", "bound_contextvars", "configure", "get_logger", "reference_id"]

REDACTED = "[redacted]"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_SECRET_FIELDS = re.compile(
    r"(?i)(?:^|_|-)(?:token|tokens|secret|password|authorization|signature|api_?key|apikey|inputs)$"
    r"|prompt$|^x-(?:api-key|signature)$"
)
"""Names of fields whose value is never shown, whatever it is."""

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A bot token: the id in base 64, a time, a MAC.
    (re.compile(r"\b[MNO][A-Za-z\d_-]{22,27}\.[A-Za-z\d_-]{6,7}\.[A-Za-z\d_-]{27,}"), REDACTED),
    # An interaction token, which is base 64 of "interaction:…".
    (re.compile(r"\baW50ZXJhY3Rpb246[A-Za-z\d+/=_-]+"), REDACTED),
    # Addresses whose path is the right to write: a webhook, an interaction's callback, Wiro's hook.
    (re.compile(r"(/webhooks/\d+/|/interactions/\d+/|/hooks/wiro/)[^/\s?\"'<>\\]+"), r"\1" + REDACTED),
    # The password in an address, and the signature of a signed one.
    (re.compile(r"(\w://[^\s/:@\\]*:)[^\s/@\\]+(@)"), r"\1" + REDACTED + r"\2"),
    (re.compile(r"([?&](?:hm|token|signature|password)=)[^&\s\"'\\]+"), r"\1" + REDACTED),
)
"""What is secret wherever it stands; safe to replace in a finished line of JSON too."""

_PRIVATE = r"(?:\w*token|\w*secret|password|x-signature|api_?key|\w*prompt)"
"""Names, as others write them, of what is not for a log."""

_QUOTES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Headers as dictionaries, header lines and command lines write them.
    (
        re.compile(
            r"(?i)(\b(?:x-api-key|x-signature|authorization)\b[\"']?\s*[:=,]\s*[\"']?)"
            r"(?:(?:bot|bearer|basic)\s+)?[^\s\"',;)}]+"
        ),
        r"\1" + REDACTED,
    ),
    # Fields of JSON and of Python's repr, also inside another string, where the quotes are escaped, and where
    # the end is cut off; and the arguments that a repr of an object shows.
    (
        re.compile(rf"(?is)((?P<k>\\*[\"']){_PRIVATE}(?P=k)\s*:\s*)(?P<v>\\*[\"']).*?(?:(?<!\\)(?P=v)|\Z)"),
        r'\1"' + REDACTED + '"',
    ),
    (re.compile(rf"(?is)(\b{_PRIVATE}=)(?P<v>[\"']).*?(?:(?<!\\)(?P=v)|\Z)"), r'\1"' + REDACTED + '"'),
    # What a database's errors quote of a row.
    (
        re.compile(r"(\[parameters: ).*?(\](?=(?:\s|\\n)*(?:\(Background|$)))", re.DOTALL),
        r"\1" + REDACTED + r"\2",
    ),
    (re.compile(r"(Failing row contains \().*"), r"\1" + REDACTED + ")"),
    (re.compile(rf"(?i)(Key \([^)]*{_PRIVATE}[^)]*\)=\().*"), r"\1" + REDACTED + ")"),
)
"""What is secret by what stands around it, in text that was not rendered yet."""


class Redactor:
    """Takes secrets out of text: those it was told, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Never print `secret` from now on, nor as it looks in an address; short ones are left alone."""
        if len(secret) < 4:  # it would turn every line into holes, and is no secret
            return
        self._known |= {secret, quote(secret, safe="")}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """`text` without secrets."""
        text = self.line(text)
        for pattern, replacement in _QUOTES:
            text = pattern.sub(replacement, text)
        return text

    def line(self, text: str) -> str:
        """A rendered line without secrets, as far as they are known or have a shape of their own."""
        if self._pattern is not None:
            text = self._pattern.sub(REDACTED, text)
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: object) -> object:
        """`value` without secrets: containers are copied, and what is not a plain value becomes text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.field(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner) for inner in value]
        if isinstance(value, BaseException):  # its repr would escape what the patterns look for
            return self.text(f"{type(value).__name__}: {value}")
        return self.text(repr(value))

    def field(self, name: str, value: object) -> object:
        """`value` as it may be shown under that name."""
        return REDACTED if value is not None and _SECRET_FIELDS.search(name) else self.value(value)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The processor for structlog."""
        return {name: value if name[0] == "_" else self.field(name, value) for name, value in event.items()}


def configure(
    level: str = "INFO", log_format: Literal["console", "json"] = "console", *, secrets: Iterable[str] = ()
) -> Redactor:
    """Send every log record of the process to stderr, and return what takes the secrets out of them.

    What Python itself would print is a record too: warnings, and exceptions that nobody caught in any thread.
    """
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),  # real time, also where the bot's clock is led
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # text before the redaction, and without local variables
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor,
                _renderer(log_format),
                lambda _logger, _method, line: redactor.line(str(line)),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    _quieten_libraries(level)
    _catch_the_uncaught()
    return redactor


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `get_logger(__name__)`. It follows `configure`, also when that comes later."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def reference_id() -> str:
    """Eight characters that a member can read out, and that find the traceback in the log."""
    return "".join(random_source.choice(_CROCKFORD) for _ in range(8))


class _Handler(logging.StreamHandler[Any]):
    """stderr as it is at the time of each record; a record that cannot be formatted is named, not printed."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        # logging's own words would quote the record's arguments, unredacted.
        error = sys.exc_info()[0]
        name = error.__name__ if error else "unknown error"
        sys.stderr.write(f"a log record of {record.name}:{record.lineno} could not be written ({name})\n")


def _renderer(log_format: str) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_dump)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _dump(event: object, **_: object) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _quieten_libraries(level: str) -> None:
    """Libraries never log below INFO: there they print whole payloads, with prompts in them."""
    chosen = logging.getLevelName(level)
    at_least_info = max(logging.INFO, chosen if isinstance(chosen, int) else logging.INFO)
    for name in ("discord", "aiohttp", "aiosqlite", "asyncio", "PIL"):
        logging.getLogger(name).setLevel(at_least_info)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # who retries says so, with the call's own name
    # Statements with their values; paths with hook tokens; a dozen lines about plugins at each start.
    for name in ("sqlalchemy", "aiohttp.access", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, at_least_info))


def _catch_the_uncaught() -> None:
    logging.captureWarnings(True)
    log = logging.getLogger("atelier")

    def from_main(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, traceback)
            return
        log.critical("uncaught exception", exc_info=(kind, error, traceback))

    def from_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread else "?"
            log.critical(
                "uncaught exception in thread %s",
                name,
                exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
            )

    sys.excepthook = from_main
    threading.excepthook = from_thread
