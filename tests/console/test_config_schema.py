"""The schema says what the reader says: what it accepts reads, and what the reader refuses by shape it refuses too."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import CONNECTORS
from connectors.presets import presets
from console.config import check, tables
from console.config.schema import comments, schema
from tests.console.test_config import GOOD, written

SCHEMA = schema()
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "number": (int, float), "integer": (int,), "null": (type(None),),
}  # fmt: skip


def accepts(rule: Mapping[str, Any] | bool, value: Any) -> bool:
    """The part of JSON Schema that the schema uses."""
    if isinstance(rule, bool):
        return rule
    if "$ref" in rule:
        name = rule["$ref"].removeprefix("#/$defs/")
        return accepts(SCHEMA["$defs"][name], value)
    return (
        _is(rule.get("type"), value)
        and ("enum" not in rule or value in rule["enum"])
        and ("pattern" not in rule or re.search(rule["pattern"], value) is not None)
        and ("anyOf" not in rule or any(accepts(each, value) for each in rule["anyOf"]))
        and ("oneOf" not in rule or sum(accepts(each, value) for each in rule["oneOf"]) == 1)
        and (not isinstance(value, dict) or _table(rule, value))
        and (not isinstance(value, list) or all(accepts(rule.get("items", True), each) for each in value))
    )


def _is(name: str | None, value: Any) -> bool:
    if name is None:
        return True
    return isinstance(value, TYPES[name]) and (name in ("boolean",) or not isinstance(value, bool))


def _table(rule: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    return all(key in value for key in rule.get("required", ())) and all(
        accepts(_of_key(rule, key), each) for key, each in value.items()
    )


def _of_key(rule: Mapping[str, Any], key: str) -> Any:
    if key in rule.get("properties", {}):
        return rule["properties"][key]
    for pattern, inner in rule.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return inner
    return rule.get("additionalProperties", True)


def example() -> str:
    docs = Path(__file__).parents[2] / "docs" / "config.md"
    return docs.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]


def test_it_accepts_what_the_reader_accepts() -> None:
    assert accepts(SCHEMA, tomllib.loads(GOOD))
    assert accepts(SCHEMA, tomllib.loads(example()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("interval =", "intervall =", id="unknown key"),
        pytest.param('name = "cache"', 'nam = "cache"', id="unknown key of a connector"),
        pytest.param("interval = 2.0", 'interval = "2"', id="wrong type"),
        pytest.param('unit = "ratio"', 'unit = "percent"', id="unknown unit"),
        pytest.param('"ingress-nginx"', '"ingres"', id="unknown preset"),
        pytest.param('layer = "cache"', "", id="missing key"),
        pytest.param('health = "crit"', 'health = "bad"', id="bad health"),
        pytest.param('above = "300ms"', "", id="no bound"),
        pytest.param('above = "300ms"', 'above = "300ms"\nbelow = 1', id="two bounds"),
        pytest.param('name = "cache"', 'name = "cache"\npassword = "hunter2"', id="a secret written out"),
        pytest.param("[environments.staging.redis]", "[environments.staging.rediss]", id="unknown system"),
    ],
)
def test_it_refuses_what_the_reader_refuses(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert check(written(tmp_path, text)).faults
    assert not accepts(SCHEMA, tomllib.loads(text))


def test_several_of_a_kind_have_the_same_keys() -> None:
    pattern = SCHEMA["$defs"]["EnvironmentTable"]["patternProperties"]
    assert len(pattern) == len(CONNECTORS)
    assert any(re.search(each, "kafka-logs") for each in pattern)
    assert not any(re.search(each, "kafkas") for each in pattern)


def test_every_reference_leads_somewhere() -> None:
    found = re.findall(r'"\$ref":"#/\$defs/([^"]+)"', msgspec.json.encode(SCHEMA).decode())
    assert set(found) <= set(SCHEMA["$defs"])
    assert {f"{system}.Settings" for system in CONNECTORS} <= set(found)


def test_the_words_are_those_beside_the_fields() -> None:
    assert comments(tables.Rule)["for"] == "so long on end before it fires: 60s"
    told = SCHEMA["$defs"]["Component"]["properties"]
    assert told["match"]["description"].startswith("put into the preset's selectors")
    assert told["preset"]["enum"] == ["", *presets()]
