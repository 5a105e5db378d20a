from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.limits import SHARED, Limit
from bot.settings import Rule, Settings, load_settings

REQUIRED = {"DISCORD_TOKEN": "token-of-the-bot", "WIRO_API_KEY": "key-of-the-project"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting is set, and no `.env` lies in the working folder."""
    for name in os.environ:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in {**REQUIRED, **variables}.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **variables)
    return caught.value.problems


def test_defaults_are_those_of_the_public_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.model_dump(exclude={"discord_token", "wiro_api_key"}) == {
        "discord_api_url": "https://discord.com/api/v10",
        "discord_gateway_url": "wss://gateway.discord.gg/",
        "wiro_api_secret": None,
        "wiro_api_url": "https://api.wiro.ai/v1",
        "wiro_socket_url": "wss://socket.wiro.ai/v1",
        "wiro_max_concurrent": None,
        "database_url": "sqlite:///data/atelier.db",
        "data_dir": Path("data"),
        "http_host": "127.0.0.1",
        "http_port": 8081,
        "public_url": None,
        "training_upload": "auto",
        "quota_images_per_day": 40,
        "quota_trainings_per_week": 1,
        "quota_concurrent_tasks": 3,
        "quota_images_per_day_max": 40,
        "quota_trainings_per_week_max": 1,
        "quota_concurrent_tasks_max": 3,
        "budget_usd_per_day": None,
        "budget_usd_per_month": None,
        "premium_limits": {},
        "quota_limits": {},
        "quota_limits_max": {},
        "blocked_words_file": None,
        "blocked_users": (),
        "shard_count": None,
        "shard_ids": None,
        "log_level": "INFO",
        "log_format": "console",
    }
    assert settings.discord_token.get_secret_value() == "token-of-the-bot"


def test_missing_ones_are_a_line_each_with_name_and_example() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert len(caught.value.problems) == 2
    for name, line in zip(("DISCORD_TOKEN", "WIRO_API_KEY"), caught.value.problems, strict=True):
        assert line.startswith(f"{name} is not set. It must be ")
        assert f"Example: {name}=" in line
        assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "Bot abcdef"),
        ("WIRO_API_KEY", "with\ttab"),
        ("DISCORD_API_URL", "discord.com/api"),
        ("DISCORD_GATEWAY_URL", "https://gateway.discord.gg"),
        ("WIRO_API_URL", "https://api.wiro.ai/v1?x=1"),
        ("WIRO_SOCKET_URL", "off"),
        ("WIRO_MAX_CONCURRENT", "0"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://user:hunter2@host"),
        ("DATABASE_URL", "postgresql://user:hunter2@host:port/name"),
        ("HTTP_PORT", "eighty"),
        ("HTTP_PORT", "65536"),
        ("PUBLIC_URL", "atelier.example.org"),
        ("PUBLIC_URL", "https://user@atelier.example.org"),
        ("PUBLIC_URL", "https://atelier.example.org/?a=b"),
        ("PUBLIC_URL", "ftp://atelier.example.org"),
        ("PUBLIC_URL", "https://atelier.example.org:x"),
        ("QUOTA_IMAGES_PER_DAY", "-1"),
        ("QUOTA_TRAININGS_PER_WEEK", "1.5"),
        ("QUOTA_CONCURRENT_TASKS_MAX", "many"),
        ("BUDGET_USD_PER_DAY", "NaN"),
        ("BUDGET_USD_PER_DAY", "-3"),
        ("BUDGET_USD_PER_MONTH", "lots"),
        ("QUOTA_LIMITS", "samples"),
        ("QUOTA_LIMITS", '{"images_per_day": 3}'),
        ("QUOTA_LIMITS_MAX", '{"side": 5}'),
        ("PREMIUM_LIMITS", "gold"),
        ("PREMIUM_LIMITS", "[1]"),
        ("PREMIUM_LIMITS", '{"gold": {"weight": 200}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": 5}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"wieght": 200}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"weight": "200"}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"weight": true}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"weight": 1.5}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"weight": 5}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"shared_usd_per_day": 5}}'),
        ("PREMIUM_LIMITS", '{"1088510058284990888": {"usd_per_day": NaN}}'),
        ("SHARD_COUNT", "0"),
        ("BLOCKED_USERS", "mira"),
        ("BLOCKED_USERS", "12"),
        ("BLOCKED_WORDS_FILE", "/no/such/file"),
        ("SHARD_IDS", "0;1"),
        ("SHARD_IDS", "1,1"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_wrong_one_is_one_line_that_says_name_value_rule_and_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (line,) = problems(monkeypatch, **{name: value})
    rule = next(each for each in Settings.model_fields[name.lower()].metadata if isinstance(each, Rule))
    assert line.startswith(f"{name} is ")
    assert rule.must_be in line
    assert line.endswith(f"Example: {name}={rule.example}")
    assert (f'is "{value}".' in line) is (not rule.hide_value and "@" not in value)
    assert "hunter2" not in line


def test_several_wrong_ones_are_all_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = problems(monkeypatch, HTTP_PORT="x", QUOTA_IMAGES_PER_DAY="x", LOG_LEVEL="x")
    assert [line.split()[0] for line in lines] == ["HTTP_PORT", "QUOTA_IMAGES_PER_DAY", "LOG_LEVEL"]


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if name != "data_dir"]
)
def test_every_example_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    rule = next(each for each in Settings.model_fields[name].metadata if isinstance(each, Rule))
    variables = {name.upper(): rule.example.replace("…", "")}
    if name == "shard_ids":
        variables["SHARD_COUNT"] = "4"
    if name == "blocked_words_file":
        monkeypatch.chdir(tmp_path)
        (tmp_path / rule.example).write_text("kill\n")
    load(monkeypatch, **variables)


def test_empty_variable_counts_as_not_set_so_the_file_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WIRO_API_SECRET=from-the-file\nHTTP_PORT=\nLOG_LEVEL=debug\n")
    settings = load(monkeypatch, WIRO_API_SECRET="", LOG_LEVEL="error", PUBLIC_URL=" ")
    assert settings.wiro_api_secret is not None
    assert settings.wiro_api_secret.get_secret_value() == "from-the-file"
    assert settings.http_port == 8081
    assert settings.log_level == "ERROR"
    assert settings.public_url is None


def test_empty_socket_address_turns_the_socket_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, WIRO_SOCKET_URL="").wiro_socket_url == ""


def test_file_that_cannot_be_read_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe\n")
    (line,) = problems(monkeypatch)
    assert line == ".env cannot be read: it is not UTF-8 text. Mend it, or remove it."


def test_database_lies_in_the_data_folder_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        load(monkeypatch, DATA_DIR="/var/lib/atelier").database_url == "sqlite:////var/lib/atelier/atelier.db"
    )
    named = load(monkeypatch, DATABASE_URL="postgres://a:b@db:5432/atelier")
    assert named.database_url == "postgresql://a:b@db:5432/atelier"


def test_ceiling_follows_the_setting_it_limits_and_may_not_be_under_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(monkeypatch, QUOTA_IMAGES_PER_DAY="7").quota_images_per_day_max == 7
    (line,) = problems(monkeypatch, QUOTA_IMAGES_PER_DAY="7", QUOTA_IMAGES_PER_DAY_MAX="6")
    assert line.startswith("QUOTA_IMAGES_PER_DAY_MAX is 6, under QUOTA_IMAGES_PER_DAY, which is 7.")


def test_shard_ids_need_their_count_and_lie_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, SHARD_IDS="0,3")
    assert line.startswith("SHARD_COUNT is not set, and SHARD_IDS needs it.")
    (line,) = problems(monkeypatch, SHARD_IDS="0,3", SHARD_COUNT="3")
    assert line.startswith("SHARD_IDS names a shard outside 0 to 2")
    assert load(monkeypatch, SHARD_IDS="3,0", SHARD_COUNT="4").shard_ids == (0, 3)


def test_photos_are_fetched_by_wiro_only_where_it_reaches_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    [problem] = problems(monkeypatch, TRAINING_UPLOAD="url")
    assert problem.startswith('TRAINING_UPLOAD is "url", which needs a PUBLIC_URL')


def test_budget_is_counted_in_nano_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, BUDGET_USD_PER_DAY="12.345678901", BUDGET_USD_PER_MONTH="300")
    assert settings.budget_usd_per_day == Decimal("12.345678901")
    assert settings.budget_nano_usd_per_day == 12_345_678_901
    assert settings.budget_nano_usd_per_month == 300 * 10**9


def test_premium_tiers_are_limits_by_sku_with_money_in_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    tiers = '{"1088510058284990888": {"images_per_day": 100, "usd_per_day": 0.1}, "1088510058284990889": {}}'
    assert load(monkeypatch, PREMIUM_LIMITS=tiers).premium_limits == {
        1088510058284990888: {Limit.IMAGES_PER_DAY: 100, Limit.MONEY_PER_DAY: 100_000_000},
        1088510058284990889: {},
    }
    rule = next(each for each in Settings.model_fields["premium_limits"].metadata if isinstance(each, Rule))
    assert load(monkeypatch, PREMIUM_LIMITS=rule.example).premium_limits


def test_further_limits_are_read_likewise_and_agree_with_their_ceilings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    further = {"QUOTA_LIMITS": '{"samples": 4}', "QUOTA_LIMITS_MAX": '{"samples": 4, "usd_per_day": 0.5}'}
    settings = load(monkeypatch, **further)
    assert settings.quota_limits == {Limit.SAMPLES: 4}
    assert settings.quota_limits_max == {Limit.SAMPLES: 4, Limit.MONEY_PER_DAY: 500_000_000}
    (line,) = problems(monkeypatch, **further | {"QUOTA_LIMITS": '{"samples": 5}'})
    assert line.startswith("QUOTA_LIMITS says more of samples than QUOTA_LIMITS_MAX.")


def test_every_limit_of_a_member_can_be_named_in_a_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = next(each for each in Settings.model_fields["premium_limits"].metadata if isinstance(each, Rule))
    names = [limit.value.replace("nano_", "") for limit in Limit if limit not in SHARED]
    assert all(name in rule.must_be for name in names)
    tier = dict.fromkeys(names, 100)
    settings = load(monkeypatch, PREMIUM_LIMITS=json.dumps({"1088510058284990888": tier}))
    assert len(settings.premium_limits[1088510058284990888]) == len(names)


def test_addresses_lose_the_slash_at_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch, WIRO_API_URL="http://127.0.0.1:8080/wiro/v1/", PUBLIC_URL="https://x.org/atelier/"
    )
    assert settings.wiro_api_url == "http://127.0.0.1:8080/wiro/v1"
    assert settings.public_url == "https://x.org/atelier"


def test_settings_show_no_secret_and_name_those_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, WIRO_API_SECRET="sec-ret", DATABASE_URL="postgresql://a:pass%2Fword@db/x")
    assert set(settings.secrets) == {
        "token-of-the-bot",
        "key-of-the-project",
        "sec-ret",
        "pass%2Fword",
        "pass/word",
    }
    assert not any(secret in repr(settings) for secret in settings.secrets)
