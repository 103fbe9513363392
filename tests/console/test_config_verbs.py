"""``seawall config``: mistakes with lines and exit 2, the effective config as a config again, no secret in either."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.secret import Secret
from console.config import load, load_whole
from console.config.effective import lines_of
from console.toml_text import key_of, toml_of
from tests.console.test_cli import seawall
from tests.console.test_config import GOOD, written
from tests.console.test_config_check import MISTAKES


def test_validate_tells_every_mistake_and_how_many(tmp_path: Path) -> None:
    written(tmp_path, MISTAKES)
    done = seawall(tmp_path, "config", "validate")
    *lines, last = done.out.splitlines()
    assert (done.code, done.err, last) == (2, "", "13 mistakes")
    assert all(line.startswith("seawall.toml:") for line in lines)


def test_validate_says_that_all_is_well(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    done = seawall(tmp_path, "config", "validate")
    assert done.code == 0
    assert done.out.startswith("seawall.toml: good; environments: staging, live; 2 components, ")


def test_validate_asks_the_connectors_whether_they_can_work(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace('name = "cache"', 'name = "cache"\nuser = "ann"'))
    done = seawall(tmp_path, "config", "validate", str(file))
    assert done.code == 2
    assert done.out.splitlines()[0] == f"{file}:9: redis: user needs a password"


@pytest.mark.parametrize(
    ("text", "valid", "line"),
    [
        pytest.param(GOOD, True, None, id="good"),
        pytest.param(GOOD.replace("url =", "ur ="), False, 7, id="a mistake"),
        pytest.param("a = = b", False, 1, id="no TOML"),
    ],
)
def test_validate_has_a_document_whatever_is_wrong(tmp_path: Path, text: str, valid: bool, line: int | None) -> None:
    written(tmp_path, text)
    done = seawall(tmp_path, "config", "validate", "--json")
    document = json.loads(done.out)
    assert (document["schema"], document["valid"], done.code) == ("seawall.config-validate/1", valid, 0 if valid else 2)
    assert [fault["line"] for fault in document["faults"]][:1] == ([] if line is None else [line])


def test_what_show_prints_reads_as_the_same_environment(tmp_path: Path) -> None:
    read, shared = load_whole(written(tmp_path, GOOD))
    again = tmp_path / "again.toml"
    again.write_text("\n".join(lines_of(read, shared)), encoding="utf-8")
    assert replace(load(again), path=read.path) == read


def test_show_has_every_default_and_what_presets_add(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    done = seawall(tmp_path, "config", "show")
    assert done.code == 0
    for line in ('flags_key = "seawall:flags"', "production = false", 'signal = "gateway.p95"', "for = 30.0"):
        assert line in done.out.splitlines()
    document = json.loads(seawall(tmp_path, "config", "show", "--json").out)
    assert document["sources"]["redis"]["timeout"] == 1.0
    assert document["components"][0]["signals"]["success"] == {"query": "sum(up)", "unit": "ratio"}
    assert "p95" in document["components"][0]["signals"]
    assert [rule["default"] for rule in document["rules"]].count(False) == 1


def test_show_has_another_environment_by_name(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    assert "production = true" in seawall(tmp_path, "config", "show", "-e", "live").out
    assert "production = true" in seawall(tmp_path, "-e", "live", "config", "show").out


@pytest.mark.parametrize("arguments", [("show",), ("show", "--json"), ("validate",), ("validate", "--json")])
def test_a_secret_is_only_ever_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SEAWALL_CANARY", "canary-in-a-variable")
    (tmp_path / "token").write_text("canary-in-a-file")
    text = GOOD.replace(':9090"', f':9090"\ntoken = "file:{tmp_path / "token"}"')
    text = text.replace('name = "cache"', 'password = "env:SEAWALL_CANARY"')
    written(tmp_path, text.replace("redis://", "redis://ann:canary-in-an/address@"))
    done = seawall(tmp_path, "config", *arguments)
    assert "canary-in" not in done.out + done.err
    if arguments[0] == "show":
        assert "env:SEAWALL_CANARY" in done.out
        assert "redis://127.0.0.1:6379/0" in done.out


def test_a_hostile_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace('layer = "cache"', 'layer = "\\u001b[2J\\u202e\\u009b"'))
    done = seawall(tmp_path, "config", "show")
    assert 'layer = "\\u001b[2J\\u202e\\u009b"' in done.out
    assert all(line.isprintable() for line in done.out.splitlines())


def test_schema_is_printed(tmp_path: Path) -> None:
    assert json.loads(seawall(tmp_path, "config", "schema").out)["title"] == "seawall.toml"


def test_values_are_written_as_toml() -> None:
    assert (
        toml_of(['a"\\\n', True, 2, 0.5, {"a b": None, "c": "😀\x7f"}])
        == '["a\\"\\\\\\n", true, 2, 0.5, {c = "😀\\u007f"}]'
    )
    assert key_of("environments", "live", "kafka logs") == 'environments.live."kafka logs"'
    with pytest.raises(ValueError, match="Secret"):
        toml_of(Secret("env:X"))
