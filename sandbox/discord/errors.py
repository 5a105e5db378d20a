"""Discord's way of refusing: a status, a code, a message and, for forms, a tree of what is wrong where."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.discord.model import Json

Path = tuple[str | int, ...]


class ApiError(Exception):
    """Answered as `{"message", "code", "errors"?}` with the HTTP status."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        extra: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.body: Json = {"message": message, "code": code, **(extra or {})}
        if errors is not None:
            self.body["errors"] = errors
        self.headers = headers or {}


class Problems:
    """Collects what is wrong with a form, so that one answer names all of it."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def __bool__(self) -> bool:
        return bool(self._tree)

    def add(self, path: Path, code: str, message: str) -> None:
        """Note one fault at a place such as `("options", 3, "name")`."""
        node = self._tree
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: Path, text: object, least: int, most: int) -> bool:
        """Whether `text` is a string with a length in the range; notes the fault when not."""
        if not isinstance(text, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif not text and least:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not least <= len(text) <= most:
            self.bad_length(path, least, most)
        else:
            return True
        return False

    def bad_length(self, path: Path, least: int, most: int) -> None:
        """Note a string or list of the wrong length."""
        message = (
            f"Must be between {least} and {most} in length."
            if least
            else f"Must be {most} or fewer in length."
        )
        self.add(path, "BASE_TYPE_BAD_LENGTH", message)

    def number(self, path: Path, value: object, least: float, most: float) -> bool:
        """Whether `value` is a number in the range; notes the fault when not."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < least:
            self.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        elif value > most:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        else:
            return True
        return False

    def raise_if_any(self) -> None:
        """Raise 50035 with everything noted so far."""
        if self._tree:
            raise ApiError(400, 50035, "Invalid Form Body", errors=self._tree)


def invalid(path: Path, code: str, message: str) -> ApiError:
    """The 50035 error of a form with a single fault."""
    tree: Json = {"_errors": [{"code": code, "message": message}]}
    for step in reversed(path):
        tree = {str(step): tree}
    return ApiError(400, 50035, "Invalid Form Body", errors=tree)


def snowflake_of(value: object, path: Path) -> int:
    """An id written as a number or as text; raises 50035 for anything else."""
    if not str(value).isdecimal():
        raise invalid(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return int(str(value))


def unauthorized() -> ApiError:
    """No token, or a wrong one."""
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    """No such route."""
    return ApiError(404, 0, "404: Not Found")


def unknown(what: str, code: int) -> ApiError:
    """No such thing: `unknown("Message", 10008)`."""
    return ApiError(404, code, f"Unknown {what}")


def missing_access() -> ApiError:
    """The bot cannot see the place."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot sees the place but may not do this there."""
    return ApiError(403, 50013, "Missing Permissions")


def thread_archived() -> ApiError:
    """Nothing in an archived thread changes; a message would open it again."""
    return ApiError(400, 50083, "Thread is archived")


def too_large() -> ApiError:
    """A file or the request is over its limit."""
    return ApiError(413, 40005, "Request entity too large")
