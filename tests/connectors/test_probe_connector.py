"""Probes against servers that are well, sick and lying; and against real ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors import ConnectorError, Examining, Explaining
from connectors.probe import ProbeConnector, Settings, open_connector
from connectors.settings.probe import Check
from console.clock import SystemClock
from console.model.examination import Grade, Write
from console.model.signal import Signal
from console.model.snapshot import Detail, Observed, Snapshot, Unreachable
from tests.connectors.faults import answering, black_hole, closed_port, drip_head, serving, slam
from tests.connectors.probe_servers import serving_names, serving_securely
from tests.real.prometheus import prometheus

CLOCK = SystemClock()


@asynccontextmanager
async def probing(check: Check, timeout: float = 2.0) -> AsyncIterator[ProbeConnector]:
    connector = open_connector("probe", Settings(checks={"it": check}, timeout=timeout), CLOCK)
    try:
        yield connector
    finally:
        await connector.close()


async def rounds(connector: ProbeConnector, number: int) -> Observed:
    for _ in range(number):
        seen = await connector.read()
    assert isinstance(seen, Snapshot)
    assert [each.id for each in seen.components] == ["probe/it"]
    return seen.components[0]


def signal(observed: Observed, name: str) -> Signal:
    return next(each for each in observed.signals if each.name == name)


async def test_a_name_is_looked_up_by_the_protocol() -> None:
    async with (
        serving_names({"shop.example": ("192.0.2.7", "192.0.2.8")}) as (zone, server),
        probing(Check(dns="shop.example", server=server)) as connector,
    ):
        seen = await rounds(connector, 2)
        assert zone.asked == 2
    assert seen.state == "Healthy"
    assert signal(seen, "up").value == 1.0
    assert signal(seen, "answers").value == 2
    assert 0 < (signal(seen, "probe").value or 0) < 2


@pytest.mark.parametrize(
    ("name", "expect", "said"),
    [
        ("gone.example", (), "gone.example: there is no such name"),
        ("empty.example", (), "the name has no A record"),
        ("broken.example", (), "SERVFAIL"),
        ("shop.example", ("192.0.2.9",), "answered 192.0.2.7, expected 192.0.2.9"),
    ],
)
async def test_a_resolver_that_says_no_is_told_in_its_own_words(name: str, expect: tuple[str, ...], said: str) -> None:
    names = {"shop.example": ("192.0.2.7",), "empty.example": (), "broken.example": None}
    async with (
        serving_names(names) as (_, server),
        probing(Check(dns=name, server=server, expect=expect)) as connector,
    ):
        seen = await rounds(connector, 3)
    assert seen.state == "Unhealthy"
    assert signal(seen, "up").value == 0.0
    assert said in seen.notes[0]


async def test_shallow_and_deep_have_verdicts_of_their_own() -> None:
    async with (
        serving(answering(200, b"ok")) as shallow,
        serving(answering(503, b"database")) as deep,
        probing(Check(http=f"{shallow}/healthz", deep=f"{deep}/deep")) as connector,
    ):
        seen = await rounds(connector, 3)
        detail = await connector.inspect("probe/it")
    assert (signal(seen, "up").value, signal(seen, "deep").value) == (1.0, 0.0)
    assert seen.state == "Degraded"
    assert seen.notes == ("deep: 503 Said",)
    assert isinstance(detail, Detail)
    assert len(detail.rows) == 6
    assert {row[1:3] for row in detail.rows} == {("", "ok"), ("deep", "FAILED")}


@pytest.mark.parametrize(
    ("status", "wanted", "contains", "up"),
    [
        (302, (), "", 1.0),
        (404, (), "", 0.0),
        (404, (404,), "", 1.0),
        (200, (204,), "", 0.0),
        (200, (), "all well", 1.0),
        (200, (), "never said", 0.0),
    ],
)
async def test_what_counts_as_well(status: int, wanted: tuple[int, ...], contains: str, up: float) -> None:
    async with (
        serving(answering(status, b"all well", {"Location": "http://elsewhere.example/"})) as url,
        probing(Check(http=url, status=wanted, contains=contains)) as connector,
    ):
        seen = await rounds(connector, 3)
    assert signal(seen, "up").value == up
    assert signal(seen, "status").value == status


@pytest.mark.parametrize(("handler", "said"), [(black_hole, "timed out"), (slam, ""), (drip_head, "no answer within")])
async def test_a_sick_server_is_unhealthy_and_costs_no_more_than_its_timeout(
    handler: Callable[..., object], said: str
) -> None:
    async with serving(handler) as url, probing(Check(http=url), timeout=0.3) as connector:  # type: ignore[arg-type]
        started = time.monotonic()
        seen = await rounds(connector, 3)
        assert time.monotonic() - started < 3 * (0.3 + 0.5) + 1.5
    assert signal(seen, "up").value == 0.0
    assert said in seen.notes[0]


async def test_a_port_that_is_closed_is_refused() -> None:
    async with probing(Check(tcp=f"127.0.0.1:{closed_port()}")) as connector:
        seen = await rounds(connector, 3)
    assert seen.notes == ("refused: Connection refused",)
    assert signal(seen, "probe").value is None


async def test_a_certificate_is_counted_down(tmp_path: Path) -> None:
    ends = datetime.now(UTC) + timedelta(days=5)
    async with serving_securely(tmp_path, ends) as (port, authority):
        for check in (
            Check(http=f"https://localhost:{port}/", ca_file=str(authority)),
            Check(tcp=f"localhost:{port}", tls=True, ca_file=str(authority)),
        ):
            async with probing(check) as connector:
                seen = await rounds(connector, 2)
            assert signal(seen, "up").value == 1.0
            assert signal(seen, "certificate").value == pytest.approx(5 * 86400, abs=60)


async def test_a_certificate_that_has_ended_or_is_a_strangers_is_not_well(tmp_path: Path) -> None:
    async with serving_securely(tmp_path, datetime.now(UTC) - timedelta(hours=1)) as (port, authority):
        async with probing(Check(http=f"https://localhost:{port}/", ca_file=str(authority))) as connector:
            assert "certificate has expired" in (await rounds(connector, 3)).notes[0]
        async with probing(Check(tcp=f"localhost:{port}", tls=True)) as connector:
            assert (await rounds(connector, 3)).notes[0].startswith("tls: ")
        async with probing(Check(tcp=f"localhost:{port}", tls=True, verify=False)) as connector:
            assert signal(await rounds(connector, 2), "up").value == 1.0


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Check(), "exactly one of dns, tcp and http"),
        (Check(dns="a.example", tcp="a:1"), "exactly one of"),
        (Check(tcp="a"), "is not like"),
        (Check(tcp="a:99999"), "is not like"),
        (Check(http="shop.example"), "a URL is like"),
        (Check(http="https://me:secret@shop.example/"), "without credentials"),
        (Check(dns="a.example", deep="https://a.example/"), "deep goes with http"),
        (Check(http="https://a.example/", ca_file="/nowhere/ca.pem"), "no such file"),
    ],
)
def test_a_check_that_cannot_work_is_told_at_the_start(check: Check, words: str) -> None:
    with pytest.raises(ConnectorError, match=r"probe: checks\.it: ") as raised:
        open_connector("probe", Settings(checks={"it": check}), CLOCK)
    assert words in str(raised.value)
    assert "secret" not in str(raised.value)


async def test_the_same_check_can_be_made_by_hand() -> None:
    async with probing(Check(dns="shop.example", server="10.0.0.53")) as connector:
        assert isinstance(connector, Explaining)
        assert connector.behind("probe/it", "up") == "dig @10.0.0.53 shop.example A"
    async with probing(Check(http="https://shop.example/", deep="https://shop.example/deep")) as connector:
        assert connector.behind("probe/it", "deep").endswith(" https://shop.example/deep")
    async with serving(answering(204, b"")) as url, probing(Check(http=url)) as connector:
        by_hand = await asyncio.create_subprocess_shell(
            connector.behind("probe/it", "up"), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await by_hand.communicate()
    assert said.split()[0] == b"204"


async def test_an_examination_tries_each_and_can_write_nothing() -> None:
    async with probing(Check(tcp=f"127.0.0.1:{closed_port()}")) as connector:
        assert isinstance(connector, Examining)
        found = await connector.examine((Write("probe/it", "replicas"),))
    assert [each.grade for each in found.findings] == [Grade.NO, Grade.NO]
    assert found.findings[0].advice.startswith("check that it runs there")
    assert found.findings[1].write == Write("probe/it", "replicas")


async def test_what_is_no_check_is_not_found() -> None:
    async with probing(Check(tcp="127.0.0.1:1")) as connector:
        assert isinstance(await connector.inspect("probe/other"), Unreachable)
        assert isinstance(await connector.inspect("probe/it"), Unreachable)


@pytest.mark.real("prometheus")
async def test_the_health_checks_of_a_real_server(tmp_path: Path) -> None:
    with prometheus(tmp_path) as url:
        async with probing(Check(http=f"{url}/-/healthy", deep=f"{url}/-/ready", contains="Prometheus")) as connector:
            seen = await rounds(connector, 2)
    assert (signal(seen, "up").value, signal(seen, "deep").value) == (1.0, 1.0)
