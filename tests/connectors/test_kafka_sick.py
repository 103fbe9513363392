"""The Kafka connector on sick brokers, wrong passwords and strangers: told apart, in time, with nothing left behind."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from connectors import ConnectorError
from connectors.kafka import open_connector
from connectors.secret import Secret
from connectors.settings.kafka import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.snapshot import FailureKind
from tests.connectors.faults import black_hole, closed_port, serving
from tests.connectors.kafka_estate import bad, component, estate, good, opened, until


async def test_a_group_that_may_not_be_read_is_told_and_hides_no_other() -> None:
    async with estate() as made, opened(made.bootstrap, groups=("*",)) as connector:
        made.deny("orders")
        seen = good(await connector.read())
        assert seen.problems == ("group orders: group authorization failed",)
        assert component(seen, "kafka/group/notifications")
        assert all(observed.id != "kafka/group/orders" for observed in seen.components)


async def test_a_broker_that_hangs_costs_what_it_leads_and_nothing_else() -> None:
    async with estate() as made, opened(made.bootstrap, timeout=1.0) as connector:
        await connector.read()
        for broker in (1, 2, 3):
            made.ports.silence(broker)
            seen = await until(connector, lambda seen: bool(seen.problems))
            assert any(problem.startswith(f"broker {broker}: ") for problem in seen.problems)
            shown = [observed for observed in seen.components if observed.id.startswith("kafka/group/")]
            assert shown, "the other brokers' groups are still there"
            assert all(not observed.counters for observed in shown if observed.notes[0].endswith("not readable"))
            made.ports.wake(broker)
            await until(connector, lambda seen: not seen.problems)


async def test_when_all_hang_the_reading_ends_in_time_and_comes_back_with_them() -> None:
    async with estate() as made, opened(made.bootstrap, timeout=0.6) as connector:
        await connector.read()
        for broker in (1, 2, 3):
            made.ports.silence(broker)
        for _ in range(3):
            started = time.monotonic()
            assert bad(await connector.read()).kind is FailureKind.TIMED_OUT
            assert time.monotonic() - started < 2.5  # twice the timeout, and a busy machine
        for broker in (1, 2, 3):
            made.ports.wake(broker)
        await until(connector, lambda seen: not seen.problems)


async def test_cut_connections_are_made_anew() -> None:
    async with estate() as made, opened(made.bootstrap) as connector:
        await connector.read()
        made.ports.drop()
        await until(connector, lambda seen: not seen.problems)


async def test_a_changed_password_is_told_and_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_TEST_PASSWORD", "first")
    secret = Secret("env:KAFKA_TEST_PASSWORD")
    async with estate() as made:
        made.ports.require("me", "first")
        async with opened(made.bootstrap, user="me", password=secret) as connector:
            good(await connector.read())
            made.ports.require("me", "second")
            made.ports.drop()
            for _ in range(2):
                refused = bad(await connector.read())
                assert refused.kind is FailureKind.EXPIRED
                assert "first" not in refused.reason
            monkeypatch.setenv("KAFKA_TEST_PASSWORD", "second")
            good(await connector.read())


async def test_a_broker_that_wants_a_password_hangs_up_on_who_has_none() -> None:
    async with estate() as made:
        made.ports.require("me", "secret")
        async with opened(made.bootstrap) as connector:
            refused = bad(await connector.read())
    assert refused.kind is FailureKind.REFUSED
    assert "password" in refused.advice


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a request and closes without a word."""
    await reader.readexactly(4)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Frames of the right form with nonsense in them."""
    while True:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        request = await reader.readexactly(length)
        body = request[4:8] + b"\0\0" + b"\x7f" * 40
        writer.write(struct.pack(">i", len(body)) + body)


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (black_hole, FailureKind.TIMED_OUT),
        (hang_up, FailureKind.REFUSED),
        (garbage, FailureKind.PROTOCOL),
        (web, FailureKind.PROTOCOL),
    ],
)
async def test_sick_servers_are_told_apart_within_the_time_and_leave_no_threads(server: Any, kind: FailureKind) -> None:
    async with serving(server) as url, opened((url.removeprefix("http://"),), timeout=0.4) as connector:
        assert bad(await connector.read()).kind is kind
        before = threading.active_count()
        for _ in range(3):
            started = time.monotonic()
            assert bad(await connector.read()).kind is kind
            assert time.monotonic() - started < 2.0
        assert threading.active_count() <= before + 1


async def test_a_closed_port_and_a_name_that_is_none() -> None:
    address = f"127.0.0.1:{closed_port()}"
    async with opened((address,)) as connector:
        refused = bad(await connector.read())
        assert refused.kind is FailureKind.REFUSED
        assert address in refused.reason
    async with opened(("broker.invalid:9092",)) as connector:
        assert bad(await connector.read()).kind is FailureKind.NAME


async def test_one_dead_bootstrap_address_does_not_matter() -> None:
    async with estate() as made, opened((f"127.0.0.1:{closed_port()}", *made.bootstrap)) as connector:
        good(await connector.read())


async def test_tls_where_there_is_none() -> None:
    async with estate() as made, opened(made.bootstrap[:1], tls=True, timeout=0.5) as connector:
        assert bad(await connector.read()).kind in (FailureKind.TLS, FailureKind.REFUSED, FailureKind.TIMED_OUT)


async def test_there_is_no_lever() -> None:
    change = Change("kafka/group/orders", "offset", 1, 2)
    run = RunContext("r1", "me", "test")
    async with opened(("127.0.0.1:1",)) as connector:
        applied = await connector.apply(change, run)
        assert (applied.outcome, applied.reason) == (
            Outcome.REJECTED,
            "kafka/group/orders: nothing on Kafka can be changed from here",
        )
        assert (await connector.probe(change, run)).verdict is Verdict.FOREIGN


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"bootstrap": ()}, "kafka: bootstrap names no broker"),
        ({"bootstrap": ("broker",)}, 'kafka: bootstrap "broker" is not like "host:9092"'),
        ({"bootstrap": ("broker:kafka",)}, 'kafka: bootstrap "broker:kafka" is not like "host:9092"'),
        ({"user": "me"}, "kafka: user and password go together"),
        ({"timeout": 0.0}, "kafka: timeout must be above 0"),
        ({"ca_file": "/no/such.pem"}, "kafka: no such file: /no/such.pem"),
        ({"user": "me", "password": Secret("env:SEAWALL_NOT_SET")}, "kafka: secret env:SEAWALL_NOT_SET is not set"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_opening(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConnectorError, match=says.replace("/", ".")):
        open_connector("kafka", Settings(**{"bootstrap": ("b:1",), **settings}), SystemClock())


def test_opening_imports_no_client() -> None:
    code = "import sys, connectors.kafka; sys.exit('kafka' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
