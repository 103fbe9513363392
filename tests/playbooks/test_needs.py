"""What a playbook needs is known from the config alone, and nothing that its plan changes is missing from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from console.model.examination import Write
from console.model.layout import Layout
from playbooks import library
from playbooks.actions import ACTIONS
from playbooks.needs import needs_of
from playbooks.reading import read
from playbooks.values import convert
from tests.playbooks.running import planned
from tests.playbooks.small_estate import CACHE, HPA, LAYOUT, SmallEstate
from tests.playbooks.test_actions import CASES


@pytest.mark.parametrize("name", sorted(library.files()))
def test_every_change_of_a_plan_is_a_write_that_was_needed(name: str) -> None:
    playbook = library.find(name)
    needs = needs_of(playbook, LAYOUT)
    changes = {Write(each.component, each.fact) for each in planned(SmallEstate(), playbook).changes}
    assert changes <= set(needs.writes)
    assert needs.missing == ()


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_case_of_an_action_changes_what_it_said_it_might(path: Path) -> None:
    case: dict[str, Any] = YAML(typ="safe").load(path)
    row = ACTIONS[path.parent.name]
    action = row.make(**{key: convert(value, row.takes[key].want) for key, value in case["with"].items()})
    assert {fact for fact, _, _ in case.get("changes", ())} <= set(action.facts(LAYOUT))


def test_what_stays_as_it_is_needs_no_write() -> None:
    needs = needs_of(library.find("viral-spike"), LAYOUT)
    facts = {(write.component, write.fact) for write in needs.writes}
    assert (HPA, "hpa.max") in facts
    assert (CACHE, "flag.reviews") in facts
    assert (CACHE, "flag.search") not in facts  # of another tier


def test_the_signals_that_prove_it_are_each_named_once() -> None:
    signals = needs_of(library.find("viral-spike"), LAYOUT).signals
    assert {"api.ready", "gateway.p95", "queue.lag"} <= set(signals)
    assert len(signals) == len(set(signals))


def test_a_config_without_its_targets_says_so_step_by_step() -> None:
    bare = Layout(placements=LAYOUT.placements[:1])
    needs = needs_of(library.find("viral-spike"), bare)
    assert needs.writes == ()
    assert "step 'ttl': 'cache' is no redis in the config" in needs.missing
    assert "step 'capacity': 'api' is no kubernetes/hpa in the config" in needs.missing


def test_a_tier_without_features_has_no_writes_and_says_so() -> None:
    needs = needs_of(library.find("viral-spike"), replace(LAYOUT, features={}))
    assert needs.missing == ("step 'features': nothing in the config says what it would set",)
    assert Write(HPA, "hpa.max") in needs.writes


def test_a_parameter_that_must_be_given_leaves_its_writes_unknown() -> None:
    text = library.find("scale-workers").source.replace("default: workers", "").replace("deployment, }", "deployment}")
    needs = needs_of(read(text, "mine.yaml"), LAYOUT)
    assert needs.writes == ()
    assert "'service' must be given" in needs.missing[0]
