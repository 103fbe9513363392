"""Typed parameters: bounds, types and what an operator is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.exits import PlaybookError
from playbooks.library import find, load_all
from playbooks.playbook import Kind, Param, bind
from playbooks.reading import read
from playbooks.values import Want, convert, show

SPIKE = find("viral-spike")


def test_defaults() -> None:
    assert bind(SPIKE, {}) == {
        "service": "api",
        "min_replicas": 20,
        "max_replicas": 100,
        "cache_ttl": 600.0,
        "user_rate": 100,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"user_rate": "5000"}, "parameter 'user_rate': expected 10 to 1000, not 5000"),
        ({"user_rate": "9"}, "parameter 'user_rate': expected 10 to 1000, not 9"),
        ({"user_rate": "ten"}, "parameter 'user_rate': expected a whole number, not 'ten' (10 to 1000)"),
        ({"user_rate": "1e2"}, "expected a whole number"),
        ({"cache_ttl": "10"}, "parameter 'cache_ttl': expected a duration"),
        ({"cache_ttl": "2h"}, "parameter 'cache_ttl': expected 60s to 3600s, not 7200s"),
        ({"usr_rate": "100"}, "no parameter 'usr_rate'; did you mean 'user_rate'?"),
        ({"service": "api; rm -rf /"}, "parameter 'service': expected a component's id or alias"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], expected: str) -> None:
    with pytest.raises(PlaybookError) as raised:
        bind(SPIKE, given)
    assert expected in raised.value.reason


def test_a_parameter_without_default_must_be_given() -> None:
    text = SPIKE.source.replace("{type: int, default: 100, min: 10, max: 1000}", "{type: int, min: 10}")
    with pytest.raises(PlaybookError, match="'user_rate' must be given: a whole number"):
        bind(read(text, "x.yaml"), {})


def test_a_choice() -> None:
    param = Param("tier", Kind.CHOICE, choices=("P1", "P2"))
    assert param.read("P2") == "P2"
    with pytest.raises(ValueError, match="expected one of P1, P2, not P3"):
        param.read("P3")


def test_two_playbooks_never_share_a_key() -> None:
    keys = [each.key for each in load_all()[0] if each.key]
    assert len(keys) == len(set(keys)) == 3


@given(st.integers(0, 10**7), st.sampled_from([1.0, 0.5, 0.001]))
def test_a_shown_duration_reads_back(number: int, unit: float) -> None:
    seconds = round(number * unit, 3)
    assert convert(show(seconds, Want.DURATION), Want.DURATION) == pytest.approx(seconds, abs=1e-9)


@given(st.booleans())
def test_a_shown_bool_reads_back(value: bool) -> None:
    assert convert(show(value, Want.BOOL), Want.BOOL) is value
