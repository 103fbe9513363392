"""PromQL where a comparison with the real server does not reach: staleness, the clock, limits, what is unsupported."""

from __future__ import annotations

import json
import math
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.compile import MatrixQuery, VectorQuery, compiled
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.numbers import power, quantile, shortest, variance
from connectors.simulator.prometheus.parameters import Span, duration, seconds
from connectors.simulator.prometheus.store import Store
from connectors.simulator.prometheus.values import MAX_SAMPLES, BadQueryError, ExecutionError, Moment, Query
from connectors.simulator.tick import Sample
from tests.real.prometheus import program

ORIGIN = 1_700_000_000


class Wall:
    """A wall clock that the test turns."""

    def __init__(self) -> None:
        self.now = float(ORIGIN)

    def __call__(self) -> float:
        return self.now


def sample(value: float, **labels: str) -> Sample:
    return Sample("m", tuple(sorted(labels.items())), value)


def engine_of(values: dict[int, list[Sample]], clock: SimClock | None = None) -> Engine:
    """An engine over scrapes by simulated second."""
    store = Store()
    for t, samples in values.items():
        store.scrape(t * 1000, samples)
    return Engine(store, clock or SimClock(1.0, wall=lambda: ORIGIN))


def value_of(engine: Engine, query: str, wall: float) -> str:
    answer = engine.instant(query, wall)
    if answer["resultType"] == "scalar":
        return str(answer["result"][1])
    (row,) = answer["result"]
    return str(row["value"][1])


COMING_AND_GOING = {"a": "1 2 3 stale _ _ 7 8 9", "b": "5 6 stale _ 2 3 stale _ _"}
STALE_QUERIES = [
    "m",
    "count(m)",
    "absent(m)",
    "count_over_time(m[20s])",
    "sum_over_time(m[30s])",
    "last_over_time(m[20s])",
    "changes(m[40s])",
    "resets(m[40s])",
    "max_over_time(m[30s:5s])",
    "timestamp(m)",
    "m offset 10s",
]


def history(series: dict[str, str]) -> dict[int, list[Sample]]:
    rows = {job: values.split() for job, values in series.items()}
    count = len(next(iter(rows.values())))
    return {
        5 * i: [sample(float(values[i]), job=job) for job, values in rows.items() if values[i].isdigit()]
        for i in range(count)
    }


def expectation(engine: Engine, query: str, t: int) -> dict[str, Any]:
    rows = engine.instant(query, t)["result"]
    samples = [{"labels": series_name(row["metric"]), "value": float(row["value"][1])} for row in rows]
    return {"expr": query, "eval_time": f"{t}s", "exp_samples": samples}


def series_name(metric: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in metric.items() if name != "__name__")
    return f"{metric.get('__name__', '')}{{{pairs}}}"


@pytest.mark.real("prometheus")
def test_series_that_come_and_go_are_seen_as_promtool_sees_them(tmp_path: Path) -> None:
    """Our answers, given to promtool's own rule tests as what they must be."""
    engine = engine_of(history(COMING_AND_GOING), SimClock(1.0, wall=lambda: 0.0))
    inputs = [{"series": f'm{{job="{job}"}}', "values": values} for job, values in COMING_AND_GOING.items()]
    tests = [expectation(engine, query, t) for query in STALE_QUERIES for t in range(0, 60, 5)]
    assert sum(bool(test["exp_samples"]) for test in tests) > 80
    file = tmp_path / "tests.yml"
    group = {"interval": "5s", "input_series": inputs, "promql_expr_test": tests}
    file.write_text(json.dumps({"evaluation_interval": "5s", "tests": [group]}))
    told = subprocess.run([program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_range_is_in_simulated_seconds_and_its_times_are_wall_time() -> None:
    clock = SimClock(20.0, wall=lambda: ORIGIN)
    engine = engine_of({t: [sample(2.0 * t)] for t in range(0, 605, 5)}, clock)
    assert float(value_of(engine, "rate(m[1m])", ORIGIN + 10)) == pytest.approx(2.0)
    answer = engine.over_range("m", Span(ORIGIN, ORIGIN + 30, 10))
    assert answer["result"][0]["values"] == [
        [ORIGIN, "0"],
        [ORIGIN + 10, "400"],
        [ORIGIN + 20, "800"],
        [ORIGIN + 30, "1200"],
    ]
    assert value_of(engine, "timestamp(m)", ORIGIN + 10.1) == f"{ORIGIN + 10}"
    assert value_of(engine, "time()", ORIGIN + 10.1) == f"{ORIGIN + 10.1}"
    assert value_of(engine, f"m @ {ORIGIN + 5}", ORIGIN + 30) == "200"


def test_a_range_is_right_across_a_change_of_speed_and_a_pause() -> None:
    wall = Wall()
    clock = SimClock(1.0, wall=wall)
    wall.now += 10
    clock.speed = 20.0
    wall.now += 10
    clock.speed = 0.0
    engine = engine_of({t: [sample(float(t))] for t in range(0, 211, 5)}, clock)
    answer = engine.over_range("m", Span(ORIGIN, ORIGIN + 30, 5))
    assert [value for _, value in answer["result"][0]["values"]] == ["0", "5", "10", "110", "210", "210", "210"]


def test_history_from_before_the_opening_is_there() -> None:
    engine = engine_of({t: [sample(float(t))] for t in range(-600, 5, 5)})
    assert value_of(engine, "m", ORIGIN - 300) == "-300"
    assert value_of(engine, "count_over_time(m[10m])", ORIGIN) == "121"


def test_the_ends_of_a_range_query_are_those_asked_for() -> None:
    engine = engine_of({t: [sample(float(t))] for t in range(0, 100, 5)})
    answer = engine.over_range("m @ end() - m @ start()", Span(ORIGIN + 10, ORIGIN + 35, 20))
    assert [value for _, value in answer["result"][0]["values"]] == ["25", "25"]


@pytest.mark.parametrize("query", ["info(m)", "sort_by_label(m, 'job')", "mad_over_time(m[1m])"])
def test_an_unsupported_function_is_named(query: str) -> None:
    with pytest.raises(ExecutionError, match=query.partition("(")[0]):
        engine_of({}).instant(query, ORIGIN)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("m" * 5000, id="too long"),
        pytest.param("m[1m] offset 99999999y", id="no such offset"),
        pytest.param("m @ 9.3e15", id="no such time"),
        pytest.param('m{a="b" or c="d"}', id="not in PromQL 2"),
        pytest.param("m{a=~'(?<n>x)'}", id="not an expression for Python"),
    ],
)
def test_what_cannot_be_read_is_bad_data(query: str) -> None:
    with pytest.raises(BadQueryError, match="parse error"):
        engine_of({}).instant(query, ORIGIN)


def test_a_query_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ExecutionError, match="deeply"):
        engine_of({}).instant("+".join(["1"] * 1500), ORIGIN)


@pytest.mark.parametrize(
    ("query", "samples"), [("m[20s]", 5), ("count_over_time(m[20s:10s])", 6), ("m", 0), ("m[20s:10s] offset 1h", 3)]
)
def test_a_query_is_charged_for_what_it_looks_at(query: str, samples: int) -> None:
    engine = engine_of({t: [sample(1.0)] for t in range(0, 100, 5)})
    asked = Query(engine.store, engine.clock, 50_000, 50_000)
    plan = compiled(query)
    assert isinstance(plan, VectorQuery | MatrixQuery)
    plan.plan(Moment(50_000, asked))
    assert asked.samples == samples


def test_a_query_that_looks_at_too_much_is_refused() -> None:
    engine = engine_of({0: [sample(1.0)]})
    asked = Query(engine.store, engine.clock, 0, 0)
    asked.charge(MAX_SAMPLES)
    with pytest.raises(ExecutionError, match="too many samples"):
        asked.charge(1)


def test_a_query_is_compiled_once() -> None:
    assert compiled("sum(m)") is compiled("sum(m)")


@given(st.floats())
def test_numbers_are_written_so_that_they_read_back(value: float) -> None:
    text = shortest(value)
    assert "e" not in text.lower().replace("inf", "")
    again = float(text)
    assert again == value or (math.isnan(again) and math.isnan(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_plainly(value: float) -> None:
    assert shortest(value) == format(Decimal(repr(value)), "f").removesuffix(".0")


@pytest.mark.parametrize(
    ("base", "exponent", "result"),
    [(0, -1, math.inf), (-0.0, -1, -math.inf), (-0.0, -2, math.inf), (-8, 1 / 3, math.nan), (-10, 309, -math.inf)],
)
def test_powers_never_raise(base: float, exponent: float, result: float) -> None:
    assert power(base, exponent) == pytest.approx(result, nan_ok=True)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0, 1))
def test_a_quantile_lies_among_its_values(values: list[float], phi: float) -> None:
    slack = 1e-9 * max(map(abs, values))
    assert min(values) - slack <= quantile(phi, values) <= max(values) + slack


def test_equal_values_have_no_variance() -> None:
    assert variance([0.1] * 7) == 0.0


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [("15", 15.0), ("0.5", 0.5), ("1h30m", 5400.0), ("1d", 86_400.0), ("1m500ms", 60.5), ("2w1d", 15 * 86_400.0)],
)
def test_durations(given_text: str, expected: float) -> None:
    assert duration(given_text) == expected


@pytest.mark.parametrize("given_text", ["", "1x", "30m1h", "inf", "nan", "1h 30m"])
def test_no_durations(given_text: str) -> None:
    with pytest.raises(ValueError):
        duration(given_text)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [("1700000000", ORIGIN), ("1700000000.125", ORIGIN + 0.125), ("2023-11-14T22:13:20Z", ORIGIN)],
)
def test_times(given_text: str, expected: float) -> None:
    assert seconds(given_text) == expected


@pytest.mark.parametrize("given_text", ["", "now", "2023-11-14", "2023-11-14T22:13:20", "1e300", "nan", "inf"])
def test_no_times(given_text: str) -> None:
    with pytest.raises(ValueError):
        seconds(given_text)
