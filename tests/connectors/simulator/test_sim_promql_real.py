"""The simulated Prometheus against the real one: the same samples, the same queries, the same answers to 1e-9.

The real server gets the samples as blocks of its own database, so nothing waits for a scrape.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.exposition import line
from connectors.simulator.prometheus.parameters import Span
from connectors.simulator.prometheus.store import Store
from connectors.simulator.prometheus.values import BadQueryError, QueryError
from connectors.simulator.tick import Sample
from tests.real.prometheus import program, prometheus

pytestmark = pytest.mark.real("prometheus")

ORIGIN = 1_699_999_200  # wall seconds at simulated 0: a full hour, so that the grids of subqueries coincide
SPAN = range(0, 2400, 5)
GAP = range(1200, 1560)  # longer than the look-back
INSTANTS = (ORIGIN + 600, ORIGIN + 1000.5, ORIGIN + 1497.25, ORIGIN + 1503, ORIGIN + 2200)
RANGE = (ORIGIN + 590, ORIGIN + 2290, 97)  # start, end, step in seconds

QUERIES = """
m_gauge
m_gauge{job="api"}
m_gauge{job!="api"}
m_gauge{job=~"a.*|web"}
m_gauge{job!~"a.*"}
m_gauge{zone=""}
{__name__=~"m_.*", job="api"}
{job="api", instance=~".*1"}
m_gauge offset 3m
m_gauge offset -2m
m_gauge @ 1699999800
m_gauge @ 1699999800.5 offset 1m
m_gauge @ start()
m_gauge @ end()
m_gauge @ -1
m_gauge @ 9e15
m_gauge{job!="@ 7"} @ 1699999800 offset 5s
sum_over_time(m_gauge[5m:1m] @ -7.5)
count_over_time((m_gauge @ 1699999800)[5m:1m] @ 1700000000.25)
m_counter_total[1m]
m_gauge[45s] offset 1m
m_nan[30s]
rate(m_counter_total[1m])
rate(m_counter_total[5m])
rate(m_counter_total[4s])
rate(m_counter_total[10m] offset 2m)
rate(m_slow_total[2m])
rate(m_counter_total[3m] @ 1700000200)
irate(m_counter_total[1m])
increase(m_counter_total[7m])
increase(m_slow_total[90s])
increase(m_young_total[5m])
delta(m_gauge[5m])
idelta(m_gauge[5m])
deriv(m_gauge[5m])
deriv(m_flat[5m])
predict_linear(m_gauge[10m], 3600)
predict_linear(m_gauge[10m] offset 1m, 60)
changes(m_step[10m])
changes(m_nan[10m])
resets(m_counter_total[20m])
avg_over_time(m_gauge[5m])
min_over_time(m_nan[5m])
max_over_time(m_nan[5m])
sum_over_time(m_gauge[5m])
count_over_time(m_gauge[5m])
last_over_time(m_gauge[5m])
present_over_time(m_gauge[5m])
stddev_over_time(m_gauge[5m])
stdvar_over_time(m_gauge[5m])
stddev_over_time(m_flat[5m])
quantile_over_time(0.9, m_gauge[5m])
quantile_over_time(1.5, m_gauge[5m])
quantile_over_time(0.3, m_nan[5m])
absent_over_time(m_gauge[1m])
absent_over_time(m_none{job="x", a!="b"}[1m])
histogram_quantile(0.95, rate(m_seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(m_seconds_bucket[5m])))
histogram_quantile(0.99, sum by (le, job) (m_seconds_bucket))
histogram_quantile(0, m_seconds_bucket)
histogram_quantile(1, m_seconds_bucket)
histogram_quantile(2, m_seconds_bucket)
histogram_quantile(-1, m_seconds_bucket)
histogram_quantile(0.9, m_gauge)
rate(m_seconds_sum[5m]) / rate(m_seconds_count[5m])
sum(m_gauge)
sum by (job) (m_gauge)
sum without (instance) (m_gauge)
avg(m_gauge)
avg by (job, zone) (m_gauge)
min(m_nan)
max by (zone) (m_gauge)
count(m_gauge)
count by (nothing) (m_gauge)
group by (job) (m_gauge)
stddev(m_gauge)
stdvar by (job) (m_gauge)
topk(2, m_gauge)
topk by (job) (1, m_gauge)
bottomk(3, m_gauge)
topk(0, m_gauge)
topk(2, m_nan)
quantile(0.25, m_gauge)
quantile by (job) (0.75, m_gauge)
count_values("value", m_step)
count_values by (job) ("value", m_step)
sum(rate(m_counter_total[1m])) by (job) / ignoring(zone) sum(rate(m_counter_total[1m])) by (job)
m_gauge + m_flat
m_gauge - on(job, instance) m_step
m_gauge * on(job) group_left(team) m_owner
m_owner * on(job) group_right(team) m_gauge
m_gauge > on(job) group_left(team) m_owner
m_gauge / ignoring(zone, instance) group_left sum by (job) (m_gauge)
m_gauge > 50
m_gauge > bool 50
50 < m_gauge
m_gauge >= m_flat
m_gauge <= bool m_flat
m_gauge != ignoring(zone) m_flat
m_gauge == m_gauge
m_gauge % 7
-7.5 % 2
m_gauge ^ 0.5
m_gauge ^ -400
2 ^ 3 ^ 2
abs(m_gauge atan2 m_flat)
m_gauge / 0
-m_gauge
-1 ^ 2
1 / 0
1 > bool 2
0 / 0
m_gauge and m_flat > 12
m_gauge and on(job) m_owner{team="edge"}
m_gauge or m_owner
m_gauge unless on(instance) m_flat{job="api"}
m_gauge or on(job) m_step
label_replace(m_gauge, "host", "$1-x", "instance", "(.*)-1")
label_replace(m_gauge, "host", "${n}$$", "instance", "(?P<n>.*)-.")
label_replace(m_gauge, "zone", "", "zone", ".*")
label_replace(m_gauge, "job", "$9", "nothing", "")
label_join(m_gauge, "both", "/", "job", "instance", "missing")
absent(m_gauge)
absent(m_none)
absent(m_none{job="api", zone=~"a", x="1", x!="2"})
absent(sum(m_none))
abs(m_gauge - 60)
ceil(m_gauge)
floor(-m_gauge)
round(m_gauge)
round(m_gauge, 0.1)
round(-m_gauge, 5)
exp(m_gauge / 10)
sqrt(m_gauge - 50)
ln(m_gauge)
ln(m_gauge * 0)
log2(m_gauge)
log10(m_gauge)
sgn(m_gauge - 50)
clamp(m_gauge, 20, 60)
clamp(m_gauge, 60, 20)
clamp_min(m_gauge, 55)
clamp_max(m_gauge, 55)
sin(m_gauge) + cos(m_gauge) + tan(m_gauge)
asin(m_gauge / 100) + acos(m_gauge / 100) + atan(m_gauge)
sinh(m_gauge / 100) + cosh(m_gauge / 100) + tanh(m_gauge)
asinh(m_gauge) + acosh(m_gauge) + atanh(m_gauge / 1000)
deg(m_gauge) + rad(m_gauge)
pi() * 2
time()
vector(time())
scalar(m_gauge)
scalar(sum(m_gauge)) + 1
vector(3)
timestamp(m_gauge)
timestamp(m_gauge offset 1m)
timestamp(-m_gauge)
sort(m_gauge)
sort_desc(m_nan)
hour()
minute(vector(1700000000))
day_of_week(vector(1700000000)) + day_of_month(vector(1700000000)) + day_of_year(vector(1700000000))
month(vector(1709164800)) + year(vector(1709164800)) + days_in_month(vector(1709164800))
max_over_time(m_gauge[10m:30s])
max_over_time(sum(rate(m_counter_total[1m]))[10m:1m])
avg_over_time((m_gauge > 50)[10m:])
rate(m_counter_total[5m:20s])
sum_over_time(vector(1)[5m:10s])
min_over_time(rate(m_counter_total[1m])[5m:15s] offset 2m)
max_over_time(m_gauge[5m:8s] @ 1700000000)
m_gauge[2m:40s]
sum(m_huge)
m_tiny
"a string"
42
m_none
"""
WRONG = """
sum(
m_gauge{
m_gauge{job=~"("}
{}
rate(m_gauge)
nothing_like_it(m_gauge)
1 > 2
m_gauge +
rate({__name__=~"m_gauge|m_flat"}[5m])
abs({__name__=~"m_gauge|m_flat"})
m_gauge + on(job) m_flat
m_gauge * on(job) group_left m_flat
m_owner + on(job) m_gauge
sum by (job, instance) (m_gauge) * on(job) group_left(instance) m_owner
label_replace(m_gauge, "0bad", "$1", "job", "(.*)")
label_replace(m_gauge, "good", "$1", "job", "(")
label_replace(sum by (instance) (m_gauge), "instance", "x", "", "")
label_join(m_gauge, "0bad", "", "job")
count_values("0bad", m_gauge)
"""

PLACES = (("api", "api-1", "a"), ("api", "api-2", "b"), ("web", "web-1", ""), ("worker", "worker-1", "a"))


def lines_of(text: str) -> list[str]:
    return [text for text in text.splitlines() if text]


def place(job: str, instance: str, zone: str) -> tuple[tuple[str, str], ...]:
    return (("instance", instance), ("job", job), *([("zone", zone)] if zone else []))


def scrapes() -> list[tuple[int, list[Sample]]]:
    """Counters with resets, gauges, histograms, NaN and extremes; a gap in all of them, and a few late series."""
    rng = random.Random(7)
    counters = [0.0] * len(PLACES)
    counts = [[0.0] * len(BOUNDS) for _ in PLACES]
    made = []
    for t in SPAN:
        samples = []
        for i, spot in enumerate(PLACES):
            counters[i] = 0.0 if rng.random() < 0.01 else counters[i] + rng.randrange(0, 40)
            observe(rng, counts[i])
            samples += shown(rng, t, i, place(*spot), counters[i], counts[i])
        samples += [Sample("m_owner", (("job", "api"), ("team", "edge")), 55.0)]
        samples += [Sample("m_owner", (("job", "web"), ("team", "front")), 20.0)]
        if t not in GAP:
            made.append((t, samples))
    return made


BOUNDS = ("0.005", "0.05", "0.5", "2.5", "+Inf")


def observe(rng: random.Random, counts: list[float]) -> None:
    for _ in range(rng.randrange(1, 9)):
        spent = rng.expovariate(3.0)
        for i, bound in enumerate(BOUNDS):
            counts[i] += spent <= float(bound)


def shown(
    rng: random.Random, t: int, i: int, labels: tuple[tuple[str, str], ...], counter: float, counts: list[float]
) -> list[Sample]:
    samples = [
        Sample("m_gauge", labels, 50 + 30 * math.sin(t / 300 + i) + rng.gauss(0, 3)),
        Sample("m_flat", labels, 12.5),
        Sample("m_step", labels, float((t // 200 + i) % 3)),
        Sample("m_nan", labels, math.nan if (t // 5 + i) % 4 == 0 else rng.random()),
        Sample("m_huge", labels, 1.7e300 * (i + 1)),
        Sample("m_tiny", labels, 1.25e-9 * (i + 1)),
        Sample("m_counter_total", labels, counter, "counter"),
        Sample("m_slow_total", labels, float(t // 60), "counter"),
    ]
    if t >= 500 + 10 * i:
        samples.append(Sample("m_young_total", labels, float(t - 500), "counter"))
    for bound, count in zip(BOUNDS, counts, strict=True):
        samples.append(Sample("m_seconds_bucket", tuple(sorted((*labels, ("le", bound)))), count, "histogram"))
    samples.append(Sample("m_seconds_sum", labels, counts[-1] / 3, "histogram"))
    samples.append(Sample("m_seconds_count", labels, counts[-1], "histogram"))
    return samples


@dataclass(frozen=True, slots=True)
class Pair:
    """The two that must agree."""

    url: str
    engine: Engine


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("prometheus")
    history = scrapes()
    load(directory, history)
    store = Store()
    for t, samples in history:
        store.scrape(t * 1000, samples)
    with prometheus(directory) as url:
        yield Pair(url, Engine(store, SimClock(1.0, wall=lambda: ORIGIN)))


def load(directory: Path, history: list[tuple[int, list[Sample]]]) -> None:
    """Writes the samples as blocks. The type of a series is of no matter to a query."""
    text = directory / "samples.txt"
    rows = (f"{line(sample)} {ORIGIN + t}\n" for t, samples in history for sample in samples)
    text.write_text("".join([*rows, "# EOF\n"]))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(text), str(directory / "data")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def ask(url: str, path: str, **form: object) -> tuple[int, dict[str, Any]]:
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", body, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def normal(data: dict[str, Any]) -> list[tuple[str, list[tuple[float, str]]]]:
    """Series in one order; scalars and strings as a single series."""
    if data["resultType"] in ("scalar", "string"):
        return [("", [(data["result"][0], data["result"][1])])]
    series = [
        (json.dumps(row["metric"], sort_keys=True), [(t, v) for t, v in row.get("values") or [row["value"]]])
        for row in data["result"]
    ]
    return sorted(series)


def same_number(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    a, b = float(ours), float(theirs)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["resultType"] == theirs["resultType"]
    mine, real = normal(ours), normal(theirs)
    assert [name for name, _ in mine] == [name for name, _ in real]
    for (name, ours_of), (_, theirs_of) in zip(mine, real, strict=True):
        assert [t for t, _ in ours_of] == [t for t, _ in theirs_of], name
        for (t, a), (_, b) in zip(ours_of, theirs_of, strict=True):
            assert same_number(a, b), f"{name} at {t}: {a}, but Prometheus says {b}"


@pytest.mark.parametrize("query", lines_of(QUERIES))
def test_a_query_at_an_instant_agrees(pair: Pair, query: str) -> None:
    for wall in INSTANTS:
        status, reply = ask(pair.url, "query", query=query, time=wall)
        assert status == 200, reply
        assert_same(pair.engine.instant(query, wall), reply["data"])


@pytest.mark.parametrize("query", lines_of(QUERIES))
def test_a_query_over_a_range_agrees(pair: Pair, query: str) -> None:
    start, end, step = RANGE
    status, reply = ask(pair.url, "query_range", query=query, start=start, end=end, step=step)
    if status != 200:
        with pytest.raises(BadQueryError):
            pair.engine.over_range(query, Span(start, end, step))
        return
    assert_same(pair.engine.over_range(query, Span(start, end, step)), reply["data"])


@pytest.mark.parametrize("query", lines_of(WRONG))
def test_a_wrong_query_is_refused_alike(pair: Pair, query: str) -> None:
    status, reply = ask(pair.url, "query", query=query, time=INSTANTS[0])
    with pytest.raises(QueryError) as raised:
        pair.engine.instant(query, INSTANTS[0])
    assert (400 if isinstance(raised.value, BadQueryError) else 422) == status, reply


@pytest.mark.parametrize("query", ["sort(m_gauge)", "sort_desc(m_gauge)", "topk(3, m_gauge)", "bottomk(2, m_gauge)"])
def test_an_ordered_answer_has_the_same_order(pair: Pair, query: str) -> None:
    _, reply = ask(pair.url, "query", query=query, time=INSTANTS[0])
    ours = pair.engine.instant(query, INSTANTS[0])
    assert [row["metric"] for row in ours["result"]] == [row["metric"] for row in reply["data"]["result"]]
