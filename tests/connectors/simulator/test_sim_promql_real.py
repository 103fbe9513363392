"""The simulated Prometheus against the real one: the same samples, the same queries, the same answers to 1e-9."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.simulator.prometheus.parameters import Span
from connectors.simulator.prometheus.values import BadQueryError, QueryError
from tests.connectors.simulator.promql_pair import INSTANTS, RANGE, Pair, ask, assert_same, opened

pytestmark = pytest.mark.real("prometheus")

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
holt_winters(m_gauge[5m], 0.3, 0.1)
holt_winters(m_counter_total[10m], 0.9, 0.5)
histogram_count(m_gauge)
histogram_sum(rate(m_seconds_bucket[1m]))
histogram_fraction(0, 0.5, m_gauge)
0x1F + 1e3 - Inf
NaN
{job=~".*p.*|w[e-f]b?", zone=~"|a"}
{__name__=~"m_(gauge|flat)", instance!~"(api|web)-.+"}
m_gauge{instance=~"(?i:API)-[[:digit:]]"}
m_gauge{instance=~"(([a-z]+)+-)*1"}
m_gauge offset -90s + m_gauge offset 90s
m_counter_total @ end() - m_counter_total @ start()
rate(m_counter_total[2m] @ end() offset 5m)
sum_over_time(rate(m_counter_total[1m])[5m:30s] @ start())
avg_over_time(max_over_time(m_gauge[1m:10s])[5m:1m])
quantile_over_time(scalar(m_none), m_gauge[1m])
absent(rate(m_none[5m]))
absent_over_time(rate(m_none{job="x"}[1m])[5m:1m])
sum by (job) (m_gauge) + on(job) group_right(team) m_owner * 2
m_gauge * ignoring(team, instance, zone) group_left m_owner
m_gauge > bool on(job) group_left m_owner
m_gauge * on(job, zone) group_left sum by (job, zone) (m_flat)
count_values without (instance) ("v", m_step)
bottomk without (instance, zone) (1, m_gauge)
quantile without (job) (0.5, m_gauge)
stddev without (zone) (m_nan)
label_join(m_gauge, "instance", "-", "job", "zone")
label_replace(m_gauge, "x", "$1_$2", "instance", "([a-z]+)-([0-9])")
label_replace(m_gauge, "__name__", "renamed", "job", "api")
clamp(m_gauge, -Inf, scalar(m_none))
round(m_nan, 0.3)
sgn(m_nan - 0.5) * pi()
day_of_week(m_counter_total * 86400) + hour(m_counter_total * 3600)
year(vector(-1)) + month(vector(1e12))
minute() + days_in_month()
time() - timestamp(m_gauge)
timestamp(timestamp(m_gauge))
scalar(m_gauge{instance="web-1"}) % 7
vector(1) unless m_none or m_none
sort(sum by (job) (m_gauge)) atan2 2
-(m_gauge ^ 2) ^ 0.5
(m_gauge > 40) or (m_flat < 13) and on(job) m_step
2 > bool m_step == bool 1
resets(m_counter_total[30m]) + changes(m_counter_total[30m])
idelta(m_nan[2m]) or irate(m_slow_total[4m])
last_over_time(m_young_total[1m] offset -1m)
deriv(m_counter_total[3m] offset 30s)
increase(m_counter_total[1h])
predict_linear(m_young_total[5m], -300)
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
count_over_time(({__name__=~"m_gauge|m_flat"})[1m:20s])
m_gauge > on(job) group_left bool m_owner
deg(pi())
holt_winters(m_gauge[5m], 1, 0.1)
holt_winters(m_gauge[5m], 0.5, 0)
holt_winters(m_gauge, 0.5, 0.5)
m_gauge{job=~"a(?=b)"}
m_gauge{job=~"a{1001}"}
m_gauge[0s]
m_gauge[5m][5m]
rate(m_gauge[5m:])[5m]
m_gauge and bool m_flat
m_gauge and on() group_left m_flat
sum("x")
-"x"
topk(NaN, m_gauge)
m_gauge offset bar
{job=~".*"}
"""


def lines_of(text: str) -> list[str]:
    return [text for text in text.splitlines() if text]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with opened(tmp_path_factory.mktemp("prometheus")) as pair:
        yield pair


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
