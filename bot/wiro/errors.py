"""What can go wrong between us and Wiro, as one tree.

WiroError
├── AuthError               the account or its key is refused: nothing works until an operator acts
├── ConcurrencyLimit        too many tasks at once (code 96); the task was not created
├── InsufficientBalance     code 97
├── InvalidInput            a value, a file or a name is not accepted
├── NotFound                no such tool, path or thing
│   └── NoTask              no such task, or not yet
├── WiroRefused             any other answer with `result: false`
│   ├── NotPermitted        this account may not do this, or not with this tool
│   ├── NotCancellable      Cancel or Kill came at the wrong stage
│   └── NotEnded            its files can be deleted only once the task has ended
├── RateLimited             HTTP 429
├── ServiceUnavailable      Wiro is not there, answers 5xx, or not in time
│   └── MalformedAnswer     an answer that cannot be read
├── NotSent                 Run, File/Upload: surely nothing made, no byte of the request left
├── AnswerLost              Run, File/Upload: the task or file may or may not exist now
├── OutputGone              the file is no longer at its address
├── OutputTooLarge          the file is larger than allowed
└── OutputWrongType         the file is not what it should be

After `WiroClient.run` every one of these but `AnswerLost` means that no task was created.
"""

from __future__ import annotations


class WiroError(Exception):
    """Any failure of a call to Wiro.

    Attributes:
        message: Wiro's own words, or ours where Wiro said nothing. Never a secret, never a body.
        code: The number in Wiro's `errors` list; None where there was none.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class AuthError(WiroError):
    """The account is refused: key, signature or address not known, suspended, not signed in (98)."""


class ConcurrencyLimit(WiroError):
    """The account runs as many tasks as its balance allows.

    Attributes:
        limit: How many Wiro said those are; None when it did not say.
    """

    def __init__(self, message: str, code: int | None = None, *, limit: int | None = None) -> None:
        super().__init__(message, code)
        self.limit = limit


class InsufficientBalance(WiroError):
    """The balance is under what this tool needs ($0.50, trainings $10)."""


class InvalidInput(WiroError):
    """Wiro does not accept what it was sent.

    Attributes:
        parameter: Id of the input that Wiro named; None when it named none.
    """

    def __init__(self, message: str, code: int | None = None, *, parameter: str | None = None) -> None:
        super().__init__(message, code)
        self.parameter = parameter


class NotFound(WiroError):
    """There is no such tool or address."""


class NoTask(NotFound):
    """Wiro knows no such task; within a minute of Run it may only not know it yet."""


class WiroRefused(WiroError):
    """Wiro answered `result: false` for a reason that has no class of its own."""


class NotPermitted(WiroRefused):
    """The account may not do this, or its team does not allow this tool."""


class NotCancellable(WiroRefused):
    """Cancel after the queue, or Kill before or after the work: look at the task, then try the other one."""


class NotEnded(WiroRefused):
    """The files of a task can be deleted only when it has ended."""


class RateLimited(WiroError):
    """HTTP 429.

    Attributes:
        retry_after_s: Seconds that Wiro asked us to wait; None when it did not say.
    """

    def __init__(self, message: str, code: int | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, code)
        self.retry_after_s = retry_after_s


class ServiceUnavailable(WiroError):
    """Wiro could not be reached, answered 5xx or 408, or did not answer in time.

    Attributes:
        status: The HTTP status; None when there was no answer.
        retry_after_s: Seconds that Wiro asked us to wait; None when it did not say.
    """

    def __init__(
        self,
        message: str,
        code: int | None = None,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code)
        self.status = status
        self.retry_after_s = retry_after_s


class MalformedAnswer(ServiceUnavailable):
    """The answer is not JSON, or lacks what it must have."""


class NotSent(WiroError):
    """Run failed before its first byte could leave: no connection, no name, no TLS. No task was created."""


class AnswerLost(WiroError):
    """Run may have reached Wiro, but its answer is not known: reset, timeout, 5xx, or unreadable."""


class OutputGone(WiroError):
    """The output is no longer at its address (or never was)."""


class OutputTooLarge(WiroError):
    """The output is larger than `max_bytes`.

    Attributes:
        max_bytes: The cap that was given.
    """

    def __init__(self, message: str, *, max_bytes: int) -> None:
        super().__init__(message)
        self.max_bytes = max_bytes


class OutputWrongType(WiroError):
    """The output is not of an allowed type, by its header or by its first bytes."""
