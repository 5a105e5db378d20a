"""What went wrong in a database, as the errors that the rest of the bot knows.

A driver's own text may quote a row, and a row may hold a prompt or a token: only its first line is kept, and
the driver's exception is not chained. Its traceback is.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from bot.errors import StoreBusy, StoreError
from bot.store.errors import OutcomeUnknown

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_RETRIED = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_NO_LOCK = frozenset({"55P03", "57014"})  # lock_timeout, statement_timeout


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five characters, None when there are none."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    found = getattr(original, "sqlstate", None)
    return found if isinstance(found, str) else None


def is_busy(error: sa.exc.DBAPIError) -> bool:
    """Whether SQLite gave up waiting for another writer."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _BUSY


def may_be_retried(error: BaseException) -> bool:
    """Whether PostgreSQL undid the transaction only because of others: the same again may pass."""
    return sqlstate(error) in _RETRIED


def is_disconnected(error: BaseException) -> bool:
    """Whether the connection was lost, so that nobody knows what the server did last."""
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or (sqlstate(error) or "").startswith(("08", "57P"))
    return isinstance(error, OSError | sa.exc.InterfaceError)


def as_store_error(error: BaseException) -> Exception:
    """The error that the caller of a write or a read gets.

    The bot's own and a bug in a unit come as they are, what a database says becomes a `StoreError`, and so
    does what would end a thread or an event loop.
    """
    if isinstance(error, sa.exc.SQLAlchemyError | sqlite3.Error | OSError):
        kind, text = _kind_of(error), _text(error)
        return kind(text).with_traceback(error.__traceback__)
    if isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    return StoreError(f"a unit of work raised {_text(error)}").with_traceback(error.__traceback__)


def outcome_unknown(error: BaseException) -> OutcomeUnknown:
    """The error for a commit whose answer never came."""
    return OutcomeUnknown(_text(error)).with_traceback(error.__traceback__)


def _kind_of(error: BaseException) -> type[StoreError]:
    if isinstance(error, sa.exc.TimeoutError):  # no connection became free in time
        return StoreBusy
    if isinstance(error, sa.exc.DBAPIError) and (is_busy(error) or sqlstate(error) in _NO_LOCK | _RETRIED):
        return StoreBusy
    return StoreError


def _text(error: BaseException) -> str:
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    first_line = str(original).strip().partition("\n")[0]
    return f"{type(original).__name__}: {first_line}"
