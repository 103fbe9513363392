"""The application's side of the flag document: when it obeys and when it does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.simulator.levers import levers_of
from connectors.simulator.tick import Levers, Pods

NOW = 1_000_000.0


def levers(**flags: Mapping[str, object]) -> Levers:
    document = {name.replace("__", "."): value for name, value in flags.items()}
    return levers_of({"api": Pods(5)}, document, NOW)


def test_features_that_are_off_and_numbers_that_are_set() -> None:
    found = levers(
        flag__reviews={"on": False},
        flag__search={"on": True},
        flag__read_only={"on": True},
        ttl__catalog={"value": 600},
        rate__user={"value": 100},
    )
    assert found.features_off == {"reviews"}
    assert found.read_only
    assert found.ttl == {"catalog": 600.0}
    assert found.user_rate == 100.0


def test_read_only_off_is_not_a_feature_that_is_off() -> None:
    found = levers(flag__read_only={"on": False})
    assert not found.read_only
    assert found.features_off == frozenset()


@pytest.mark.parametrize(("until", "expected"), [(NOW + 1, 600.0), (None, 600.0), (NOW - 1, 60.0)])
def test_after_its_end_a_value_gives_way_to_its_else(until: float | None, expected: float) -> None:
    found = levers(ttl__catalog={"value": 600, "until": until, "else": 60})
    assert found.ttl == {"catalog": expected}


def test_after_its_end_and_without_else_the_applications_own_default_holds() -> None:
    found = levers(rate__user={"value": 100, "until": NOW - 1}, flag__reviews={"on": False, "until": NOW - 1})
    assert found.user_rate is None
    assert found.features_off == frozenset()


@pytest.mark.parametrize("value", ["600", True, None, 0, -5, float("nan"), float("inf"), 10**400, {"deep": 1}])
def test_what_is_no_number_is_as_if_absent(value: object) -> None:
    found = levers(ttl__catalog={"value": value}, rate__user={"value": value})
    assert found.ttl == {}
    assert found.user_rate is None


@pytest.mark.parametrize("value", ["true", 1, None])
def test_what_is_no_switch_is_as_if_absent(value: object) -> None:
    assert not levers(flag__read_only={"on": value}).read_only
