"""The series store: staleness, look-back, selection, retention. Times in ms."""

from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.prometheus.matcher import Matcher
from connectors.simulator.prometheus.series import LOOKBACK
from connectors.simulator.prometheus.store import RETENTION, SWEEP, Store
from connectors.simulator.tick import Sample


@cache
def labels_of(job: str) -> tuple[tuple[str, str], ...]:
    """The same tuple each time, as exporters have it: a scrape like the last one is known by that."""
    return (("job", job),)


def up(job: str, value: float = 1.0) -> Sample:
    return Sample("up", labels_of(job), value)


def select(store: Store, *matchers: tuple[str, str, str]) -> list[str]:
    found = store.select(Matcher.of(*matcher) for matcher in matchers)
    return [dict(series.labels).get("job", "") for series in found]


def test_a_sample_is_seen_for_five_minutes_and_no_longer() -> None:
    store = Store()
    store.scrape(1000, [up("api", 7.0)])
    (series,) = store.select([])
    assert series.at(999) is None
    assert series.at(1000) == (1000, 7.0)
    assert series.at(1000 + LOOKBACK) == (1000, 7.0)
    assert series.at(1001 + LOOKBACK) is None


def test_a_series_that_leaves_ends_at_once_and_may_come_back() -> None:
    store = Store()
    store.scrape(0, [up("api", 1.0), up("web", 1.0)])
    store.scrape(5000, [up("web", 2.0)])
    store.scrape(10_000, [up("web", 3.0)])
    (api,) = store.select([Matcher.of("job", "=", "api")])
    assert list(api.times) == [0, 5000], "one marker, however long it is away"
    store.scrape(15_000, [up("api", 4.0), up("web", 4.0)])
    assert [api.at(t) for t in (4999, 5000, 14_999, 15_000)] == [(0, 1.0), None, None, (15_000, 4.0)]
    times, values = api.between(0, 15_000)
    assert (list(times), list(values)) == ([0, 15_000], [1.0, 4.0])


def test_a_series_given_twice_in_a_scrape_counts_once() -> None:
    store = Store()
    store.scrape(0, [up("api", 1.0), up("api", 2.0)])
    (series,) = store.select([])
    assert series.between(0, 0)[1].tolist() == [1.0]


def test_a_series_given_twice_in_each_of_many_scrapes_stays_whole() -> None:
    store = Store()
    for t in range(0, 20_000, 5000):
        store.scrape(t, [up("api", 1.0), up("api", 2.0), up("web", 3.0)])
    assert [list(series.values) for series in store.select([])] == [[1.0] * 4, [3.0] * 4]


def test_scrapes_that_show_the_same_in_another_order_are_told_apart() -> None:
    store = Store()
    for t, jobs in enumerate(("ab", "ab", "ba", "ba", "b", "ab")):
        store.scrape(t * 5000, [up(job, float(ord(job))) for job in jobs])
    values = {dict(series.labels)["job"]: series.between(0, 25_000)[1].tolist() for series in store.select([])}
    assert values == {"a": [97.0] * 5, "b": [98.0] * 6}


def test_a_value_that_is_not_a_number_is_not_a_marker() -> None:
    store = Store()
    store.scrape(0, [up("api", math.nan)])
    (series,) = store.select([])
    sample = series.at(0)
    assert sample is not None
    assert math.isnan(sample[1])


@pytest.mark.parametrize(
    ("matchers", "jobs"),
    [
        ([("job", "=", "api")], ["api"]),
        ([("job", "!=", "api")], ["web", "web2", ""]),
        ([("job", "=~", "web")], ["web"]),
        ([("job", "=~", "web.*")], ["web", "web2"]),
        ([("job", "!~", "w.*|a.*")], [""]),
        ([("job", "=", "")], [""]),
        ([("job", "!=", "")], ["api", "web", "web2"]),
        ([("__name__", "=", "up"), ("job", "=~", ".+2")], ["web2"]),
        ([("__name__", "=", "down")], []),
        ([("zone", "=", "a")], []),
    ],
)
def test_selection(matchers: list[tuple[str, str, str]], jobs: list[str]) -> None:
    store = Store()
    store.scrape(0, [up("api"), up("web"), up("web2"), Sample("up", (), 1.0)])
    assert select(store, *matchers) == jobs


def test_what_is_too_old_is_forgotten_with_its_place_in_the_index() -> None:
    store = Store()
    store.scrape(0, [up("api"), up("web")])
    for t in range(5000, RETENTION + 2 * SWEEP, 5000):
        store.scrape(t, [up("web")])
    assert select(store) == ["web"]
    assert select(store, ("job", "=", "api")) == []
    (web,) = store.select([])
    assert len(web.times) == len(web.values)
    assert len(web.times) * 5000 <= RETENTION + SWEEP + 5000
    store.scrape(t + 5000, [up("api"), up("web")])
    assert sorted(select(store)) == ["api", "web"]


def test_the_latest_scrape_is_kept_as_it_came() -> None:
    store = Store()
    store.scrape(0, [up("api")])
    store.scrape(5000, iter([up("web", 2.0)]))
    assert store.latest == (up("web", 2.0),)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_any_history_reads_back(shown: list[set[str]], first: int, length: int) -> None:
    """Whatever came and went, a window holds what was scraped in it, and a moment what the last scrape showed."""
    store = Store()
    for i, jobs in enumerate(shown):
        store.scrape(i * 1000, [up(job, float(i)) for job in sorted(jobs)])
    start, end = first * 1000, (first + length) * 1000
    for series in store.select([]):
        job = dict(series.labels)["job"]
        expected = [i * 1000 for i, jobs in enumerate(shown) if job in jobs and start <= i * 1000 <= end]
        assert list(series.between(start, end)[0]) == expected
        last = min(end // 1000, len(shown) - 1)
        assert (series.at(end) is not None) == (job in shown[last])
