from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from bot.log import REDACTED, Redactor, bound_contextvars, configure, get_logger, reference_id

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT_TOKEN = "MTE5OTk5OTk5OTk5OTk5OTk5OQ.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
INTERACTION_TOKEN = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OnNvbWVzZWNyZXRwYXJ0"
SIGNATURE = "2d99fa1b6934f66a712785d1b402997e1b13d9d7cd5e0085211dac133ae4a8ef"


class Stderr:
    """All that was written so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Stderr]:
    """What is logged; the process's logging is as before afterwards."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers.clear()
    yield Stderr(capsys)
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(False)
    structlog.reset_defaults()


def fail(text: str) -> None:
    raise RuntimeError(text)


def lines(stream: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize(
    ("said", "secret"),
    [
        pytest.param(f"login with {BOT_TOKEN} failed", BOT_TOKEN, id="bot-token"),
        pytest.param("key wk-123456 was refused", "wk-123456", id="wiro-key"),
        pytest.param("secret ws/98+76 was refused", "ws/98+76", id="wiro-secret"),
        pytest.param("GET /?k=ws%2F98%2B76", "ws%2F98%2B76", id="secret-in-an-address"),
        pytest.param(f"headers {{'x-signature': '{SIGNATURE}'}}", SIGNATURE, id="signature-in-a-dict"),
        pytest.param(f"x-signature: {SIGNATURE}", SIGNATURE, id="signature-in-a-header-line"),
        pytest.param("Authorization: Bearer abc.def-ghi", "abc.def-ghi", id="bearer"),
        pytest.param("('Authorization', 'Bot abcdefghi')", "abcdefghi", id="header-tuple"),
        pytest.param(
            "404 POST https://discord.com/api/v10/webhooks/123/tok_EN-1?wait=1", "tok_EN-1", id="webhook"
        ),
        pytest.param("POST /interactions/55/another.token/callback", "another.token", id="callback"),
        pytest.param(f"token {INTERACTION_TOKEN}", INTERACTION_TOKEN, id="interaction-token"),
        pytest.param("POST /hooks/wiro/h00k-t0ken 200", "h00k-t0ken", id="wiro-hook"),
        pytest.param("postgresql://atelier:hunter2@db/atelier", "hunter2", id="database-password"),
        pytest.param('{"socketaccesstoken": "eDcCm5yy"}', "eDcCm5yy", id="task-token"),
        pytest.param('{"prompt": "my \\"naked\\" soul"}', "naked", id="prompt-in-json"),
        pytest.param(
            r"""'{"prompt": "a \\"cat\\" here"}'""".replace('"', '\\"'), "cat", id="prompt-in-a-string"
        ),
        pytest.param("{'negativePrompt': 'hands'}", "hands", id="prompt-in-a-repr"),
        pytest.param('line 1: {"prompt": "a cat and', "cat", id="prompt-in-json-cut-off"),
        pytest.param("Wish(prompt='a \\'cat\\'', steps=30)", "cat", id="prompt-in-the-repr-of-an-object"),
        pytest.param("Task(token='eDcCm5yy', id=3)", "eDcCm5yy", id="task-token-in-the-repr-of-an-object"),
        pytest.param("{'instancePrompt': 'sks cat'}", "cat", id="prompt-of-a-training"),
        pytest.param("Key (hook_token)=(h00k-t0ken) already exists.", "h00k", id="postgres-key"),
        pytest.param("postgresql://db/atelier?password=hunter2", "hunter2", id="password-in-a-query"),
        pytest.param("https://cdn.discordapp.com/a.png?ex=1&hm=feedbeef", "feedbeef", id="signed-address"),
        pytest.param(
            "UNIQUE failed\n[SQL: INSERT]\n[parameters: ('a ]cat[', 'x')]\n(Background on this error at: x)",
            "cat",
            id="sqlalchemy-parameters",
        ),
        pytest.param("DETAIL:  Failing row contains (1, a secret cat).", "cat", id="postgres-row"),
    ],
)
def test_secret_is_printed_neither_in_words_nor_in_fields_nor_in_tracebacks(
    stderr: Stderr, log_format: Any, said: str, secret: str
) -> None:
    configure("INFO", log_format, secrets=["wk-123456", "ws/98+76"])
    log = get_logger("test")
    log.info(said)
    log.info("percent %s", said)
    log.info("fields", text=said, nested={"a": [said]}, error=ValueError(said))
    logging.getLogger("discord.http").warning("library %s", said)
    try:
        fail(said)
    except RuntimeError:
        log.exception("ours")
        logging.getLogger("discord.client").exception("theirs")
    assert "Traceback" in stderr.getvalue()
    assert secret not in stderr.getvalue()
    assert stderr.getvalue().count("redacted") >= 7


def test_fields_named_like_secrets_are_never_shown(stderr: Stderr) -> None:
    configure("INFO", "json")
    get_logger("test").info(
        "x",
        interaction_token="short",
        prompt="a cat",
        negativePrompt="a dog",
        headers={"x-api-key": "k1"},
        tokens=None,
    )
    (line,) = lines(stderr)
    assert line["prompt"] == line["negativePrompt"] == REDACTED
    assert line["interaction_token"] == line["headers"]["x-api-key"] == REDACTED
    assert line["tokens"] is None


def test_ordinary_text_is_left_as_it_is() -> None:
    text = (
        "job #4F7K: 3 of 4 images in 10.2 s, task 1122334455 at https://cdn.wiro.ai/out/a.png?x=1 (a prompt)"
    )
    assert Redactor(["zq-unused"]).text(text) == text


def test_secret_added_later_is_taken_out_too(stderr: Stderr) -> None:
    redactor = configure("INFO", "json")
    redactor.add("late-secret")
    get_logger("test").info("here is late-secret")
    assert "late-secret" not in stderr.getvalue()


def test_line_says_which_job_it_concerns(stderr: Stderr) -> None:
    configure("INFO", "json")
    with bound_contextvars(job="4F7K"):
        get_logger("bot.x").info("ours", count=2)
        logging.getLogger("discord").info("theirs")
    get_logger("bot.x").info("later")
    ours, theirs, later = lines(stderr)
    assert (ours["job"], ours["count"], ours["level"], ours["logger"]) == ("4F7K", 2, "info", "bot.x")
    assert theirs["job"] == "4F7K"
    assert "job" not in later
    assert ours["timestamp"].endswith("Z")


def test_libraries_do_not_log_their_payloads_at_debug(stderr: Stderr) -> None:
    configure("DEBUG", "json")
    logging.getLogger("discord.gateway").debug("payload")
    logging.getLogger("sqlalchemy.engine").info("statement")
    get_logger("bot.x").debug("ours")
    assert [line["event"] for line in lines(stderr)] == ["ours"]


async def test_a_retry_is_said_once_by_who_retries(stderr: Stderr) -> None:
    import stamina

    configure("INFO", "json")
    failures = [ValueError("a fault that passes")]

    @stamina.retry(on=ValueError, wait_initial=0, wait_max=0, wait_jitter=0)
    async def call() -> None:
        if failures:
            raise failures.pop()

    await call()
    assert lines(stderr) == []


def test_level_is_honoured(stderr: Stderr) -> None:
    configure("ERROR", "json")
    get_logger("bot.x").warning("quiet")
    logging.getLogger("discord").warning("quiet")
    get_logger("bot.x").error("loud")
    assert [line["event"] for line in lines(stderr)] == ["loud"]


def test_uncaught_exceptions_and_warnings_are_redacted_records(stderr: Stderr) -> None:
    configure("INFO", "json", secrets=["s3cr3t"])
    thread = threading.Thread(target=fail, args=["with s3cr3t"])
    thread.start()
    thread.join()
    try:
        fail("with s3cr3t")
    except RuntimeError:
        sys.excepthook(*sys.exc_info())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("about s3cr3t", stacklevel=1)
    assert len(lines(stderr)) == 3
    assert "s3cr3t" not in stderr.getvalue()


def test_record_that_cannot_be_formatted_is_named_without_its_arguments(stderr: Stderr) -> None:
    logging.getLogger().handlers.clear()  # pytest's own would raise
    configure("INFO", "json", secrets=["s3cr3t"])
    logging.getLogger("discord.x").info("%d items", "s3cr3t")
    assert "could not be written (TypeError)" in stderr.getvalue()
    assert "s3cr3t" not in stderr.getvalue()


def test_configuring_twice_prints_once(stderr: Stderr) -> None:
    configure("INFO", "json")
    configure("INFO", "json")
    get_logger("bot.x").info("once")
    assert len(lines(stderr)) == 1


def test_reference_ids_differ_and_can_be_read_out() -> None:
    ids = {reference_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(each) == 8 and not set(each) & set("ILOU") for each in ids)
