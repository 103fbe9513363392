"""A config is looked at whole: every mistake of every environment at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import check, load
from console.config_error import ConfigError
from tests.console.test_config import GOOD, written

MISTAKES = """\
environment = "nope"

[environments.a]
intervall = 1
armed = "x"

[environments.a.redis]
ur = "redis://h"

[environments.b]
production = true
armed = true

[environments.b.kafka]
bootstrap = ["x:1"]
mechanism = "FOO"

[environments.b.kafka-logs]
bootstrap = ["x:1"]
user = "seawall"
password = "env:SEAWALL_NO_SUCH"
timeout = 99

[[components]]
alias = "a"
id = "redis/cache"

[[components]]
alias = "b"
layer = "b"
id = "foo/x"

[[rules]]
signal = "a.x"

[[rules]]
signal = "c.x"
above = "1x"
"""


def said(tmp_path: Path, text: str, *, secrets: bool = True) -> list[tuple[int | None, str]]:
    """Each fault's line and words, without the file's name."""
    faults = check(written(tmp_path, text), secrets=secrets).faults
    return [(fault.line, str(fault).removeprefix(f"{tmp_path / 'seawall.toml'}:{fault.line}: ")) for fault in faults]


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEAWALL_NO_SUCH", raising=False)
    found = said(tmp_path, MISTAKES)
    assert [line for line, _ in found] == [1, 4, 5, 8, 12, 16, 21, 22, 24, 31, 33, 37, 38]
    assert found[0][1] == "no environment 'nope': the environments are a, b"
    assert found[1][1].endswith("did you mean 'interval'?")
    assert found[3][1] == "unknown key 'ur' in environments.a.redis; did you mean 'url'?"
    assert "invalid enum value 'FOO'; expected 'PLAIN', 'SCRAM-SHA-256', " in found[5][1]


def test_a_good_config_has_no_mistakes_and_all_its_environments(tmp_path: Path) -> None:
    checked = check(written(tmp_path, GOOD))
    assert checked.faults == ()
    assert [each.name for each in checked.environments] == ["staging", "live"]


def test_secrets_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAWALL_NO_SUCH", raising=False)
    text = GOOD.replace('name = "cache"', 'name = "cache"\npassword = "env:SEAWALL_NO_SUCH"')
    assert said(tmp_path, text) == [(11, "secret env:SEAWALL_NO_SUCH is not set or empty")]
    assert said(tmp_path, text, secrets=False) == []


def test_a_verb_says_the_first_and_how_many_more(tmp_path: Path) -> None:
    text = GOOD.replace("interval = 2.0", "interval = 0.0").replace('health = "crit"', 'health = "bad"')
    with pytest.raises(ConfigError, match=r"^[^\n]*:4: expected 0\.2 to 3600 seconds \(and 1 more: .*validate`\)$"):
        load(written(tmp_path, text))


def test_another_environments_mistake_does_not_stand_in_the_way(tmp_path: Path) -> None:
    text = GOOD.replace("production = true", "productoin = true")
    assert load(written(tmp_path, text)).name == "staging"
    assert [line for line, _ in said(tmp_path, text)] == [14]


def test_a_component_with_a_mistake_does_not_make_its_rules_wrong(tmp_path: Path) -> None:
    assert [line for line, _ in said(tmp_path, GOOD.replace('layer = "gateway"', "layer = 1"))] == [21]


def test_what_is_no_table_is_one_mistake(tmp_path: Path) -> None:
    assert [line for line, _ in said(tmp_path, "environments = 3\ncomponents = []\n")] == [1]
    assert [line for line, _ in said(tmp_path, "components = []\n[environments.a]\nkafka = 3\n")] == [3]
