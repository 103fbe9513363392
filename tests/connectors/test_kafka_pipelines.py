"""Kafka Connect by its REST API: states, failed tasks, a sink's lag; and workers that are sick or hostile."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors import ConnectorError
from connectors.kafka import open_connector
from connectors.kafka.pipelines import Connect, Read, detail, observed
from connectors.kafka.rest import LARGEST, LONGEST, Pipeline, Task
from connectors.secret import Secret
from connectors.settings.kafka import Settings
from connectors.threads import Bulkhead
from console.clock import SystemClock
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed
from tests.connectors.faults import Handler, answering, black_hole, closed_port, drip_body, read_request, serving, slam
from tests.connectors.kafka_estate import bad, component, estate, good, opened, values

TRACE = "org.apache.kafka.connect.errors.ConnectException: no such table\n\tat org.apache.Sink.put(Sink.java:9)\n"


def status(name: str, kind: str, state: str, *tasks: str) -> dict[str, Any]:
    """As a worker of Apache Kafka 3.9 tells it, with what is not asked for left out."""

    def place(state: str) -> dict[str, str]:
        return {"state": state, "worker_id": "10.0.0.7:8083"} | ({"trace": TRACE} if state == "FAILED" else {})

    told = [{"id": number, **place(task)} for number, task in enumerate(tasks)]
    return {"status": {"name": name, "connector": place(state), "tasks": told, "type": kind}}


SHOP = {
    "cdc": status("cdc", "source", "RUNNING", "RUNNING"),
    "orders": status("orders", "sink", "RUNNING", "RUNNING", "FAILED", "PAUSED"),
    "broken": status("broken", "source", "FAILED"),
}


def body(told: object = SHOP) -> bytes:
    return json.dumps(told).encode()


async def read(*urls: str, **settings: Any) -> Read:
    threads = Bulkhead("kafka", 4)
    connect = Connect(Settings(bootstrap=("127.0.0.1:9",), connect=urls, **{"timeout": 5.0, **settings}), threads)
    try:
        return await connect.read()
    finally:
        connect.close()
        threads.close()


async def told_by(handler: Handler, **settings: Any) -> Read:
    async with serving(handler) as url:
        return await read(url, **settings)


async def test_every_connector_is_told_with_its_tasks_and_what_failed() -> None:
    found = await told_by(answering(200, body()))
    assert found.problems == ()
    assert [each.name for each in found.pipelines] == ["broken", "cdc", "orders"]
    orders = found.pipelines[2]
    assert [task.state for task in orders.tasks] == ["RUNNING", "FAILED", "PAUSED"]
    assert orders.tasks[1].trace == "org.apache.kafka.connect.errors.ConnectException: no such table"
    assert orders.tasks[1].worker == "10.0.0.7:8083"


async def test_a_failed_task_of_a_running_connector_is_counted_and_noted() -> None:
    found = await told_by(answering(200, body()))
    broken, cdc, orders = observed(found.pipelines, (), "kafka", 5.0)
    assert orders.id == "kafka/connector/orders"
    assert orders.state == "RUNNING"
    assert values(orders) == {"tasks": 3, "tasks_running": 1, "tasks_failed": 1, "restarts_needed": 1, "lag": None}
    trace = "org.apache.kafka.connect.errors.ConnectException: no such table"
    assert orders.notes == (f"1 of 3 tasks failed, need a restart: {trace}", "1 tasks PAUSED")
    assert cdc.notes == ()
    assert values(broken)["restarts_needed"] == 1
    assert broken.notes == (f"connector failed, needs a restart: {trace}", "no tasks")


def test_a_sink_has_the_lag_and_the_rates_of_its_group() -> None:
    lag = Signal("lag", 42, Unit.MESSAGES, 5.0, "kafka")
    consumed = Counter("consumed_total", 7, "consumed", 5.0, "kafka")
    group = Observed(
        "kafka-logs/group/connect-orders", (lag, Signal("members", 3, Unit.COUNT, 5.0, "kafka")), (consumed,)
    )
    sink, source = observed(
        (Pipeline("orders", "RUNNING", "sink"), Pipeline("x", "RUNNING", "source")), (group,), "kafka-logs", 5.0
    )
    assert values(sink)["lag"] == 42
    assert "members" not in values(sink)
    assert sink.counters == (consumed,)
    assert "lag" not in values(source)


def test_a_drill_down_shows_failed_tasks_first_and_leads_to_the_group() -> None:
    tasks = (Task(0, "RUNNING", "w1"), Task(1, "FAILED", "w2", "no such table"))
    found = detail((Pipeline("orders", "RUNNING", "sink", tasks=tasks),), "kafka/connector/orders", "orders", 5.0)
    assert found is not None
    assert found.rows == (("1", "FAILED", "w2", "no such table"), ("0", "RUNNING", "w1", ""))
    assert found.into == ("kafka/group/connect-orders",) * 2
    assert detail((), "kafka/connector/x", "x", 5.0) is None


async def test_a_connector_that_two_workers_of_a_cluster_tell_of_is_told_once() -> None:
    async with serving(answering(200, body())) as one, serving(answering(200, body())) as two:
        found = await read(one, two)
    assert [each.name for each in found.pipelines] == ["broken", "cdc", "orders"]


async def test_one_sick_worker_costs_a_problem_and_the_others_are_read() -> None:
    async with serving(answering(200, body())) as well:
        found = await read(f"http://127.0.0.1:{closed_port()}", well)
    assert len(found.pipelines) == 3
    assert len(found.problems) == 1
    assert "Connection refused" in found.problems[0]


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (
            answering(401, b'{"error_code": 401, "message": "User cannot access the resource."}'),
            "status 401: User cannot",
        ),
        (answering(409, b'{"error_code": 409, "message": "rebalance is in process"}'), "status 409: rebalance"),
        (answering(200, b"<html>a proxy's page</html>"), "does not answer like Kafka Connect"),
        (answering(200, b'["orders"]'), "does not answer like Kafka Connect"),  # before 2.3
        (answering(200, b'{"a": {"status": {"connector": {"state": "\xff\xfe"}}}}'), "does not answer like"),
        (answering(200, b"x" * (LARGEST + 1)), "more than 8 MiB"),
        (answering(302, b"", {"Location": "http://elsewhere/"}), "status 302"),
        (slam, "127.0.0.1"),
        (black_hole, "no answer within 0.3s"),
        (drip_body, "no answer within 0.3s"),
    ],
)
async def test_a_sick_worker_says_what_it_was_in_one_line_and_in_time(handler: Handler, said: str) -> None:
    started = asyncio.get_running_loop().time()
    found = await told_by(handler, timeout=0.3 if handler in (black_hole, drip_body) else 5.0)
    assert asyncio.get_running_loop().time() - started < 5.0
    assert found.pipelines == ()
    (problem,) = found.problems
    assert problem.startswith("connect 127.0.0.1:")
    assert said in problem
    assert "\n" not in problem


async def test_hostile_names_and_traces_are_bounded_and_on_one_line() -> None:
    name = "a\x1b[2J/b" + "n" * 65536
    told = status(name, "si\nnk", "RUN\x1bNING", "FAILED")
    told["status"]["tasks"][0]["trace"] = "\x1b]0;" + "x" * 65536 + "\nsecond line"
    found = await told_by(answering(200, body({name: told})))
    (pipeline,) = found.pipelines
    assert pipeline.name == name
    assert len(pipeline.tasks[0].trace) <= LONGEST
    assert pipeline.state.isprintable()
    assert pipeline.tasks[0].trace.isprintable()
    (seen,) = observed(found.pipelines, (), "kafka", 1.0)
    assert all(len(note) < 200 and note.isprintable() for note in seen.notes)


@asynccontextmanager
async def guarded(expected: str) -> AsyncIterator[str]:
    """A worker that answers whoever brings this Authorization header."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            ok = f"authorization: {expected}".lower() in request.head.lower() and "expand=info" not in request.path
            said = body() if ok else b'{"message": "Unauthorized"}'
            writer.write(f"HTTP/1.1 {200 if ok else 401} Said\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said)
            await writer.drain()

    async with serving(handler) as url:
        yield url


@pytest.mark.parametrize("how", ["basic", "bearer"])
async def test_credentials_are_read_at_each_request_and_never_told(how: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-1")
    expected = {"basic": "Basic " + base64.b64encode(b"ops:canary-1").decode(), "bearer": "Bearer canary-1"}[how]
    given = Secret(f"file:{secret}")
    basic: dict[str, Any] = {"connect_user": "ops", "connect_password": given}
    own = basic if how == "basic" else {"connect_token": given}
    async with guarded(expected) as url:
        threads = Bulkhead("kafka", 2)
        connect = Connect(Settings(bootstrap=("127.0.0.1:9",), connect=(url,), **own), threads)
        assert len((await connect.read()).pipelines) == 3
        secret.write_text("canary-2")
        refused = await connect.read()
        threads.close()
    assert refused.pipelines == ()
    assert "401" in refused.problems[0]
    assert "canary" not in repr(refused)


async def test_a_reading_of_kafka_has_connects_components_and_problems_beside_its_own() -> None:
    async with estate() as made, serving(answering(200, body())) as url:
        nobody = f"http://127.0.0.1:{closed_port()}"
        async with opened(made.bootstrap, connect=(url, nobody), timeout=10.0) as connector:
            seen = good(await connector.read())
            assert component(seen, "kafka/connector/cdc").state == "RUNNING"
            assert component(seen, "kafka/group/orders")
            assert any(problem.startswith("connect 127.0.0.1") for problem in seen.problems)
            found = await connector.inspect("kafka/connector/orders")
            assert isinstance(found, Detail)
            assert found.rows[0][1] == "FAILED"
            assert bad(await connector.inspect("kafka/connector/none")).kind is FailureKind.NOT_FOUND


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"connect": ("user:canary@host:8083",)}, "is not like"),
        ({"connect": ("http://user:canary@host:8083",)}, "no credentials in connect"),
        ({"connect": ("http://h:1",), "connect_user": "ops"}, "go together"),
        ({"connect": ("http://h:1",), "connect_ca_file": "/nowhere.pem"}, "no such file"),
        ({"connect": ("http://h:1",), "connect_token": Secret("env:SEAWALL_NOT_SET")}, "SEAWALL_NOT_SET"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConnectorError, match=said) as raised:
        open_connector("kafka", Settings(bootstrap=("127.0.0.1:9",), **settings), SystemClock())
    assert "canary" not in str(raised.value)
