"""Queries that nobody thought of: any that a grammar makes must be answered, or refused, as Prometheus does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.simulator.prometheus.parameters import Span
from connectors.simulator.prometheus.values import BadQueryError, QueryError
from tests.connectors.simulator.promql_pair import INSTANTS, RANGE, Pair, ask, assert_same, opened

pytestmark = pytest.mark.real("prometheus")

METRICS = ["m_gauge", "m_flat", "m_step", "m_nan", "m_counter_total", "m_slow_total", "m_young_total", "m_owner"]
MATCHERS = ["", '{job="api"}', '{job!="web"}', '{zone=~"a|b"}', '{instance!~".*-1"}', '{zone=""}', '{job="none"}']
SHIFTS = ["", "", "", " offset 1m", " offset -30s", " @ 1699999800", " @ start()", " @ end() offset 2m"]
RANGES = ["4s", "30s", "1m", "5m", "12m"]
ROLLING = ["rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets", "last_over_time"] + [
    f"{what}_over_time" for what in ("avg", "min", "max", "sum", "count", "stddev", "stdvar", "present")
]
ELEMENTS = ["abs", "sgn", "exp", "sqrt", "ln", "log2", "sin", "atan", "deg", "rad"]
STEPS = ["ceil", "floor", "round"]  # they turn the last bit's difference into one of 1: only of what was scraped
LABELS = ["job", "instance", "zone", "team", "none"]
GROUPS = [
    "",
    *(f" {how} ({', '.join(names)})" for how in ("by", "without") for names in (["job"], ["job", "zone"], [])),
]
MATCHING = ["", " on(job)", " on(job, instance)", " ignoring(zone)", " on(job) group_left", " on() group_right(team)"]
NUMBERS = st.sampled_from(["0", "1", "2.5", "-3", "50", "1e-3", "Inf", "NaN"])

SELECTORS = st.builds("".join, st.tuples(*map(st.sampled_from, (METRICS, MATCHERS, SHIFTS))))
INSTANT_SELECTORS = st.builds("".join, st.tuples(st.sampled_from(METRICS), st.sampled_from(MATCHERS)))
WINDOWS = st.builds("{}[{}]{}".format, INSTANT_SELECTORS, st.sampled_from(RANGES), st.sampled_from(SHIFTS))

# Without "@": Prometheus 2.42 answers predict_linear of it at a range's first point alone, and shifts timestamp twice.
AHEAD = st.builds("{}[{}] offset 1m".format, INSTANT_SELECTORS, st.sampled_from(RANGES))


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions of instant vectors over smaller ones."""
    grids = st.builds("({})[{}:{}]".format, inner, st.sampled_from(["1m", "5m"]), st.sampled_from(["15s", "1m"]))
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from(ROLLING), st.one_of(WINDOWS, grids)),
        st.builds("quantile_over_time({}, {})".format, NUMBERS, WINDOWS),
        st.builds("predict_linear({}, {})".format, AHEAD, st.sampled_from(["60", "-60", "3600"])),
        st.builds("holt_winters({}, {}, 0.5)".format, WINDOWS, st.sampled_from(["0.1", "0.9", "1"])),
        st.builds("{}({})".format, st.sampled_from(ELEMENTS), inner),
        st.builds("{}({})".format, st.sampled_from(STEPS), SELECTORS),
        st.builds("clamp({}, {}, {})".format, inner, NUMBERS, NUMBERS),
        st.builds(
            "{0}{2} ({1})".format,
            st.sampled_from(["sum", "avg", "min", "max", "count", "group", "stddev"]),
            inner,
            st.sampled_from(GROUPS),
        ),
        st.builds("quantile{1} ({2}, {0})".format, inner, st.sampled_from(GROUPS), st.sampled_from(["0", "0.5", "2"])),
        st.builds("({}) {}{} ({})".format, inner, st.sampled_from("+-*/%^"), st.sampled_from(MATCHING), inner),
        st.builds("({}) {} {}".format, inner, st.sampled_from("+-*/"), NUMBERS),
        st.builds(
            "{} {}{} {}".format,
            SELECTORS,
            st.sampled_from([">", "<=", "== bool", "!=", "> bool"]),
            st.sampled_from(MATCHING),
            SELECTORS,
        ),
        st.builds("{} {} {}".format, SELECTORS, st.sampled_from([">", "<=", "== bool", "!="]), NUMBERS),
        st.builds(
            "({}) {}{} ({})".format,
            inner,
            st.sampled_from(["and", "or", "unless"]),
            st.sampled_from(MATCHING[:4]),
            inner,
        ),
        st.builds(
            'label_replace({}, "{}", "$1-x", "{}", "(.).*")'.format,
            inner,
            st.sampled_from(LABELS),
            st.sampled_from(LABELS),
        ),
        st.builds('label_join({}, "{}", "/", "job", "zone")'.format, inner, st.sampled_from(LABELS)),
        st.builds("absent({})".format, inner),
        st.builds("vector(scalar({}))".format, inner),
        st.builds("-({})".format, inner),
        st.builds("timestamp({} offset 1m)".format, INSTANT_SELECTORS),
    )


EXPRESSIONS = st.recursive(SELECTORS, grown, max_leaves=4)
RANDOMLY = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with opened(tmp_path_factory.mktemp("prometheus")) as pair:
        yield pair


@RANDOMLY
@given(EXPRESSIONS, st.sampled_from(INSTANTS))
def test_any_query_at_an_instant_agrees(pair: Pair, query: str, wall: float) -> None:
    status, reply = ask(pair.url, "query", query=query, time=wall)
    if status == 200:
        assert_same(pair.engine.instant(query, wall), reply["data"])
        return
    with pytest.raises(QueryError) as raised:
        pair.engine.instant(query, wall)
    assert (400 if isinstance(raised.value, BadQueryError) else 422) == status, reply


@RANDOMLY
@given(EXPRESSIONS)
def test_any_query_over_a_range_agrees(pair: Pair, query: str) -> None:
    start, end, step = RANGE
    status, reply = ask(pair.url, "query_range", query=query, start=start, end=end, step=step)
    if status == 200:
        assert_same(pair.engine.over_range(query, Span(start, end, step)), reply["data"])
        return
    with pytest.raises(QueryError):
        pair.engine.over_range(query, Span(start, end, step))
