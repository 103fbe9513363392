"""A rule fires after its time, holds on a saw-tooth, and lets go with slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.component import Health
from console.model.rules import DEFAULT_RULES, Rule, Watch, judge, layered, matching, overlay
from console.model.signal import Unit

RULE = Rule("api.cpu", above=0.7, hold=60)


def fold(rule: Rule, values: Sequence[float | None], step: float = 10) -> list[bool]:
    watch, firing = Watch(), []
    for index, value in enumerate(values):
        watch = judge(rule, watch, value, index * step)
        firing.append(watch.firing)
    return firing


def test_it_fires_once_the_bound_was_passed_for_long_enough() -> None:
    assert fold(RULE, [0.8] * 8) == [False] * 6 + [True] * 2


def test_one_good_reading_starts_the_wait_anew() -> None:
    assert not any(fold(RULE, [0.8] * 5 + [0.6] + [0.8] * 5))


def test_a_saw_tooth_around_the_bound_does_not_flap() -> None:
    assert fold(RULE, [0.8] * 7 + [0.69, 0.71] * 5)[6:] == [True] * 11


def test_it_clears_when_the_value_is_back_by_the_slack() -> None:
    assert fold(RULE, [0.8] * 7 + [0.66])[-1] is False


def test_no_data_neither_fires_nor_clears() -> None:
    assert fold(RULE, [0.8] * 7 + [None] * 3)[-1] is True
    assert not any(fold(RULE, [None] * 20))


def _default(signal: str, place: int) -> Rule:
    """The default rule about a signal, without its wait."""
    return replace([rule for rule in DEFAULT_RULES if rule.signal == signal][place], hold=RULE.hold)


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        pytest.param(Rule("dns.up", below=1.0), 0.9, 1.0, id="all of them"),
        pytest.param(Rule("users.success", below=0.99), 0.98, 0.995, id="close to all"),
        pytest.param(Rule("cdn.hit_rate", below=0.95), 0.94, 0.957, id="most"),
        pytest.param(Rule("queue.drain", above=0.0), 1.0, 0.0, id="any"),
        pytest.param(Rule("queue.rate", below=100.0), 90.0, 106.0, id="no share"),
        pytest.param(_default("*.writable_primaries", 1), 2.0, 1.0, id="one of two is demoted"),
        pytest.param(_default("*.writable_primaries", 0), 0.0, 1.0, id="one was promoted"),
    ],
)
def test_what_is_well_again_clears_whatever_the_bound(rule: Rule, bad: float, good: float) -> None:
    assert fold(rule, [bad] * 8 + [good])[-2:] == [True, False]


def test_a_share_just_above_its_bound_does_not_clear() -> None:
    assert fold(Rule("users.success", below=0.99), [0.98] * 8 + [0.9905])[-1] is True


@given(st.lists(st.floats(0.68, 0.72), min_size=1, max_size=50))
def test_within_the_slack_a_firing_rule_never_clears(values: list[float]) -> None:
    assert all(fold(RULE, [0.9] * 7 + list(values))[6:])


@pytest.mark.parametrize(
    ("name", "value", "health"),
    [
        ("gateway.p95", 0.25, Health.WARN),
        ("gateway.p95", 0.15, Health.OK),
        ("gateway.errors", 0.002, Health.WARN),
        ("gateway.errors", 0.2, Health.CRIT),
        ("api.cpu", 0.75, Health.WARN),
        ("api.memory_ratio", 0.85, Health.WARN),
        ("cdn.hit_rate", 0.94, Health.WARN),
        ("cdn.hit_rate", 0.96, Health.OK),
        ("cache.hit_rate", 0.7, Health.WARN),
        ("cache.hit_rate", 0.9, Health.OK),
        ("database.connections_ratio", 0.85, Health.WARN),
        ("limits.quota_ratio", 0.92, Health.WARN),
        ("limits.quota_ratio", 0.9, Health.OK),
        ("api.quota_room", 0.0, Health.WARN),
        ("api.quota_room", 1.0, Health.OK),
        ("nodes.nodes_not_ready", 1.0, Health.WARN),
        ("nodes.nodes_pressured", 1.0, Health.WARN),
        ("nodes.nodes_not_ready", 0.0, Health.OK),
        ("night.last_failed", 1.0, Health.WARN),
        ("night.overdue", 600.0, Health.WARN),
        ("night.overdue", 0.0, Health.OK),
        ("api.hpa.demand", 9.0, Health.OK),
        ("database.latency", 0.02, Health.OK),
        ("database.latency", 0.2, Health.WARN),
        ("database.latency", 0.9, Health.CRIT),
        ("queue.growth", 50.0, Health.WARN),
        ("queue.lost", 1.0, Health.CRIT),
        ("dns.up", 0.0, Health.CRIT),
        ("kafka.offline_partitions", 1.0, Health.CRIT),
        ("kafka.under_min_isr", 1.0, Health.CRIT),
        ("kafka.under_replicated", 1.0, Health.WARN),
        ("kafka.brokers_missing", 1.0, Health.WARN),
        ("kafka.controllers", 0.0, Health.CRIT),
        ("cache.writable_primaries", 0.0, Health.CRIT),
        ("cache.writable_primaries", 1.0, Health.OK),
        ("cache.writable_primaries", 2.0, Health.CRIT),
    ],
)
def test_the_defaults_are_the_fields_usual_targets(name: str, value: float, health: Health) -> None:
    patterns = tuple(rule.signal for rule in DEFAULT_RULES)
    rules = [DEFAULT_RULES[index] for index in matching(patterns, name)]
    fired = [rule.health for rule in rules if rule.passed(value, False)]
    assert max(fired, default=Health.OK) is health


def test_an_own_rule_takes_the_place_of_the_default_about_the_same_signal() -> None:
    own = Rule("gateway.p95", above=0.5)
    rules = overlay(DEFAULT_RULES, (own,))
    warnings = [rule for rule in rules if rule.signal == "gateway.p95" and rule.health is Health.WARN]
    assert warnings == [own]
    assert len(rules) == len(DEFAULT_RULES)


def test_a_rule_says_itself_in_words() -> None:
    assert Rule("gateway.p95", above=0.2).text(Unit.SECONDS) == "above 200ms for 60s"
    assert Rule("gateway.p95", above=0.2, hold=0).text(Unit.SECONDS) == "above 200ms"


READY = (Rule("edge.errors", above=0.02), Rule("edge.queued", above=0))


def judged(rules: tuple[Rule, ...], name: str) -> list[float | None]:
    """The bounds above which a warning is given about this name."""
    found = (rules[index] for index in matching(tuple(rule.signal for rule in rules), name))
    return [rule.above for rule in found if rule.health is Health.WARN and name not in rule.besides]


def test_a_presets_rule_speaks_instead_of_the_defaults_and_only_of_its_own_line() -> None:
    rules = layered(DEFAULT_RULES, READY, ())
    assert judged(rules, "edge.errors") == [0.02]
    assert judged(rules, "api.errors") == [0.001]
    assert judged(rules, "edge.queued") == [0]
    assert [rule.above for rule in rules if rule.signal == "*.errors" and rule.health is Health.CRIT] == [0.05]


@pytest.mark.parametrize("signal", ["edge.errors", "*.errors", "edge.*"])
def test_an_own_rule_takes_the_place_of_a_presets_and_of_what_that_stood_for(signal: str) -> None:
    assert judged(layered(DEFAULT_RULES, READY, (Rule(signal, above=0.5),)), "edge.errors") == [0.5]


def test_an_own_rule_at_another_health_leaves_the_presets_alone() -> None:
    own = Rule("edge.errors", above=0.5, health=Health.CRIT)
    assert judged(layered(DEFAULT_RULES, READY, (own,)), "edge.errors") == [0.02]


@given(st.sampled_from(DEFAULT_RULES))
def test_without_presets_the_layers_are_the_old_two(own: Rule) -> None:
    assert layered(DEFAULT_RULES, (), (own,)) == overlay(DEFAULT_RULES, (own,))
