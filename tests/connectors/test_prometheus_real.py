"""The real Prometheus with real exporters: numbers as promtool says them, alerts as it raises them, locked doors."""

from __future__ import annotations

import math
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from connectors import Examining, Explaining, Remembering
from connectors.presets import Query, queries_for
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from console.clock import SystemClock
from console.model.alert import AlertState
from console.model.examination import Grade
from console.model.signal import Unit
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.prometheus_like import opened, read
from tests.real.prometheus import end, launched, program
from tests.real.prometheus_scraping import PASSWORD, scraping, secured
from tests.real.redis import start_redis

pytestmark = pytest.mark.real("prometheus")
NODE = queries_for("prometheus/node", "node", 'job="node"')
CACHE = queries_for("prometheus/cache", "redis-exporter", 'job="redis"')
STEADY = ("node_memory_MemTotal_bytes", "count(node_cpu_seconds_total)", "redis_up", "redis_connected_clients")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("scraping")
    with start_redis(folder) as redis, scraping(folder, redis.removesuffix("/0")) as started:
        yield started


class Stopped(SystemClock):
    """Wall time stands still, so that promtool can be asked for the same moment."""

    def __init__(self) -> None:
        super().__init__()
        self._then = round(time.time() - 1, 3)

    def wall(self) -> float:
        return self._then


def promtool(url: str, query: str, at: float | None = None) -> float | None:
    """What Prometheus's own tool says; None for no series."""
    when = [] if at is None else [f"--time={at}"]
    command = [program("promtool"), "query", "instant", *when, url, query]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = re.findall(r"=> (\S+) @\[", said)
    return float(values[0]) if len(values) == 1 else None


async def test_each_answer_is_told_for_what_it_is(url: str) -> None:
    seen = await read(
        Settings(url=url),
        Query("prometheus/c", "one", "vector(1) # with a comment", Unit.NONE),
        Query("prometheus/c", "many", 'label_replace(vector(1), "a", "1", "", "") or vector(2)', Unit.NONE),
        Query("prometheus/c", "none", "absent_metric", Unit.NONE),
        Query("prometheus/a", "two", "vector(2)", Unit.NONE),
        Query("prometheus/a", "scalar", "3", Unit.NONE),
        Query("prometheus/b", "none", "absent_metric", Unit.NONE),
        Query("prometheus/b", "nan", "vector(0) / 0", Unit.NONE),
        Query("prometheus/b", "typo", "sum(", Unit.NONE),
    )
    assert isinstance(seen, Snapshot)
    together = {signal.name: (signal.value, signal.note) for signal in seen.components[0].signals}
    assert together == {"one": (1.0, ""), "many": (None, "2 series, expected 1"), "none": (None, "no series")}
    values = {
        signal.name: (signal.value, signal.note) for component in seen.components[1:] for signal in component.signals
    }
    assert values["two"] == (2.0, "")
    assert values["scalar"] == (3.0, "")
    assert values["none"] == (None, "no series")
    assert values["nan"] == (None, "NaN")
    assert values["typo"][1].startswith("400 ")


async def test_numbers_are_those_that_promtool_says(url: str) -> None:
    queries = tuple(Query("prometheus/steady", f"s{n}", expr, Unit.NONE) for n, expr in enumerate(STEADY))
    seen = await read(Settings(url=url), *queries)
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()
    told = [signal.value for signal in seen.components[0].signals]
    assert told == [promtool(url, expr) for expr in STEADY]
    assert None not in told


async def test_every_signal_of_the_presets_is_what_promtool_says_of_its_query(url: str) -> None:
    clock = Stopped()
    connector = opened(Settings(url=url), *NODE, *CACHE, clock=clock)
    assert isinstance(connector, Explaining)
    assert isinstance(connector, Remembering)
    known = 0
    for component in ("prometheus/node", "prometheus/cache"):
        seen = await connector.ghost(component, 0.0)
        assert isinstance(seen, Snapshot)
        for one in seen.components[0].signals:
            said = promtool(url, connector.behind(component, one.name), clock.wall())
            assert one.value == (None if said is None or math.isnan(said) else pytest.approx(said, rel=1e-12))
            known += one.value is not None
    await connector.close()
    assert known >= 8


async def test_alerts_are_raised_as_it_raises_them(url: str) -> None:
    seen = await read(Settings(url=url), *NODE)
    assert isinstance(seen, Snapshot)
    first, second = seen.alerts
    assert (first.name, first.state, first.severity) == ("ExporterUp", AlertState.FIRING, "page")
    assert first.summary == "node answers"
    assert first.labels["job"] == "node"
    assert first.since is not None
    assert 0 <= seen.at - first.since < 120
    assert (second.name, second.state) == ("Later", AlertState.PENDING)
    paged = await read(Settings(url=url, alert_match={"severity": "pa*"}), *NODE)
    assert isinstance(paged, Snapshot)
    assert [alert.name for alert in paged.alerts] == ["ExporterUp"]


async def test_an_examination_names_what_is_not_scraped_and_what_match_misses(url: str) -> None:
    queries = (
        *NODE,
        Query("prometheus/edge", "rate", "sum(rate(nginx_ingress_controller_requests[1m]))", Unit.PER_SECOND),
        Query("prometheus/other", "up", 'redis_up{job="elsewhere"}', Unit.NONE),
        Query("prometheus/typo", "up", "sum(", Unit.NONE),
    )
    connector = opened(Settings(url=url), *queries)
    assert isinstance(connector, Examining)
    found = await connector.examine(())
    await connector.close()
    assert found.version.startswith("Prometheus 2.")
    assert found.skew == 0.0
    grades = {each.what: each for each in found.findings}
    assert grades["query prometheus/node memory_ratio"].grade is Grade.YES
    edge = grades["query prometheus/edge rate"]
    assert (edge.grade, edge.reason) == (Grade.UNKNOWN, "no series")
    assert edge.advice == "there is no nginx_ingress_controller_requests here: is its exporter scraped?"
    assert "check match" in grades["query prometheus/other up"].advice
    typo = grades["query prometheus/typo up"]
    assert (typo.grade, typo.reason[:4]) == (Grade.NO, "400 ")
    assert grades["list alerts"].reason == "2 raised"
    assert grades["query a week ago"].grade is Grade.NOTE


async def test_a_password_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SEAWALL_TEST_WRONG", "wrong")
    right, wrong = Secret("env:SEAWALL_TEST_PASSWORD"), Secret("env:SEAWALL_TEST_WRONG")
    with secured(tmp_path, certificates=False) as (url, keys):
        seen = await read(Settings(url=url, ca_file=keys.ca, user="me", password=right))
        refused = await read(Settings(url=url, ca_file=keys.ca, user="me", password=wrong))
        unknown = await read(Settings(url=url, user="me", password=right))
    assert isinstance(seen, Snapshot)
    assert isinstance(refused, Unreachable)
    assert refused.kind is FailureKind.EXPIRED
    assert isinstance(unknown, Unreachable)
    assert unknown.kind is FailureKind.TLS
    assert "ca_file" in unknown.advice


async def test_a_clients_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_PASSWORD", PASSWORD)
    with secured(tmp_path, certificates=True) as (url, keys):
        plain = await read(Settings(url=url, ca_file=keys.ca, cert_file=keys.cert, key_file=keys.key))
        unlock = Secret("env:SEAWALL_TEST_PASSWORD")
        locked = Settings(url=url, ca_file=keys.ca, cert_file=keys.cert, key_file=keys.locked, key_password=unlock)
        unlocked = await read(locked)
        shut = await read(Settings(url=url, ca_file=keys.ca, cert_file=keys.cert, key_file=keys.locked))
        nobody = await read(Settings(url=url, ca_file=keys.ca))
        gone = await read(Settings(url=url, ca_file=keys.ca, cert_file=str(tmp_path / "none.pem")))
    assert isinstance(plain, Snapshot)
    assert isinstance(unlocked, Snapshot)
    for seen, words in ((shut, "key_password is not set"), (nobody, "certificate"), (gone, "No such file")):
        assert isinstance(seen, Unreachable)
        assert seen.kind is FailureKind.TLS, seen
        assert words in seen.reason


async def test_an_expired_certificate_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_PASSWORD", PASSWORD)
    with secured(tmp_path, certificates=False, days=-1) as (url, keys):
        seen = await read(Settings(url=url, ca_file=keys.ca, user="me", password=Secret("env:SEAWALL_TEST_PASSWORD")))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TLS
    assert "expired" in seen.reason


async def test_a_thousand_queries_take_eight_requests_and_each_has_its_own_answer(url: str) -> None:
    queries = [Query(f"prometheus/c{n // 10}", f"s{n}", f"vector({n}) + 0 * count(up)", Unit.NONE) for n in range(1000)]
    seen = await read(Settings(url=url, timeout=10.0), *queries)
    assert isinstance(seen, Snapshot)
    assert seen.problems == ()
    values = [signal.value for component in seen.components for signal in component.signals]
    assert values == [float(n) for n in range(1000)]


async def test_one_that_hangs_and_one_that_was_killed_are_told_apart(tmp_path: Path) -> None:
    process, url = launched(tmp_path, [])
    connector = opened(Settings(url=url, timeout=0.5), Query("prometheus/a", "one", "vector(1)", Unit.NONE))
    try:
        kinds = []
        for number in (SIGCONT, SIGSTOP, SIGCONT, SIGKILL):
            process.send_signal(number)
            if number is SIGKILL:
                process.wait()
            seen = await connector.read()
            kinds.append(seen.kind if isinstance(seen, Unreachable) else None)
    finally:
        end(process)
        await connector.close()
    assert kinds == [None, FailureKind.TIMED_OUT, None, FailureKind.REFUSED]
