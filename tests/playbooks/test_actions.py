"""Case files: facts in, changes out. A new case is a file in ``cases/<action>/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from console.model.change import Change
from playbooks.actions import ACTIONS
from playbooks.exits import Refused
from playbooks.values import convert
from tests.playbooks.small_estate import SmallEstate

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Path) -> None:
    case: dict[str, Any] = YAML(typ="safe").load(path)
    estate = SmallEstate()
    target = case["target"]
    estate.values.update({(target, name): value for name, value in case.get("facts", {}).items()})
    estate.owners.update({(target, name): owner for name, owner in case.get("owners", {}).items()})
    topology = estate.look(estate.topology)
    row = ACTIONS[path.parent.name]
    action = row.make(**{key: convert(value, row.takes[key].want) for key, value in case["with"].items()})
    if "refused" in case:
        with pytest.raises(Refused, match=case["refused"]):
            action.plan(topology, target)
        return
    expected = tuple(Change(target, fact, before, after) for fact, before, after in case["changes"])
    found = action.plan(topology, target)
    assert found == expected
    assert [type(each.after) for each in found] == [type(each.after) for each in expected]
    if "warnings" in case:
        said = action.warnings(topology, target)
        assert len(said) == len(case["warnings"])
        assert all(part in line for part, line in zip(case["warnings"], said, strict=True)), said


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_has_cases(name: str) -> None:
    assert list((CASES / name).glob("*.yaml"))
