"""The application's side of the flag document: when it obeys and when it does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.simulator.levers import levers_of
from connectors.simulator.tick import Breaker, Levers, Mode, Pods, Reported

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


def test_modes_are_on_where_the_document_says_so_and_are_no_features() -> None:
    found = levers(flag__park={"on": True}, flag__jitter={"on": False}, flag__backoff={"on": "yes"})
    assert found.modes == {Mode.PARK}
    assert found.on(Mode.PARK)
    assert not found.on(Mode.JITTER)
    assert found.features_off == frozenset()


def test_a_feature_that_the_application_does_not_have_changes_nothing() -> None:
    document = {"flag.reviews": {"on": False}, "flag.nonsense": {"on": False}}
    assert levers_of({}, document, NOW, features=("reviews", "search")).features_off == {"reviews"}


def test_breakers_have_the_usual_numbers_unless_they_are_given() -> None:
    found = levers(
        breaker__payments={"on": True, "failures": 3, "seconds": 12},
        breaker__database={"on": True, "failures": "many", "seconds": -1},
        breaker__search={"on": False, "failures": 3, "seconds": 12},
        breaker__auth={"on": True, "until": NOW - 1},
    )
    assert found.breakers == {"payments": Breaker(3.0, 12.0), "database": Breaker(5.0, 30.0)}


def test_counts_pools_and_the_statements_timeout() -> None:
    found = levers(
        count__kill_queries={"value": 2},
        count__failover={"value": 1},
        timeout__statement={"value": 5},
        pool__api={"value": 4},
    )
    assert (found.kill_queries, found.failovers, found.statement_timeout) == (2.0, 1.0, 5.0)
    assert found.pools == {"api": 4.0}
    assert levers().kill_queries == 0.0
    assert levers().statement_timeout is None


def test_what_the_servers_reported_is_handed_on() -> None:
    reported = Reported(brokers_lost=1)
    assert levers_of({}, {}, NOW, reported=reported).reported is reported
