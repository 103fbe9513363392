"""Who is let in, and how: TLS with client certificates, ACL users, both protocols; and what a user may not."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from connectors.redis import RedisConnector, open_connector
from connectors.secret import Secret
from connectors.settings.redis import Settings
from connectors.simulator.redis.options import RedisOptions
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.examination import Examination, Grade, Write
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.redis_servers import FLAGS, emptied, opening, snapshot
from tests.connectors.simulator.sim_redis_servers import cli, simulated
from tests.real.redis import Sealed, issued, start_redis, start_sealed

CANARY = "canary-7d1f"
PASSWORD = Secret("env:SEAWALL_TEST_REDIS")
RUN = RunContext("r1", "ann", "spike", until=None)
READ_ONLY = Change("redis/cache", "flag.read_only", None, True, step="ro")
WRITE = Write("redis/cache", "flag.read_only")
USERS = {
    "all": f"on >{CANARY} ~* &* +@all",
    "watcher": f"on >{CANARY} +info",
    "writer": f"on >{CANARY} ~{FLAGS} &{FLAGS} +info +hgetall +hmget +hget +hset +hdel +eval +evalsha +publish",
    "half": f"on >{CANARY} ~{FLAGS} +info +hgetall +hmget +hget +hset +eval +evalsha",
}


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_TEST_REDIS", CANARY)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    users = [word for name, rules in USERS.items() for word in ("--user", name, *rules.split())]
    with start_sealed(tmp_path_factory.mktemp("sealed"), *users, "--user", "default", "off") as started:
        yield started


def settings(sealed: Sealed, as_user: str = "all", /, **more: object) -> Settings:
    whole = Settings(
        url=sealed.url,
        user=as_user,
        password=PASSWORD,
        ca_file=sealed.ca_file,
        cert_file=sealed.cert_file,
        key_file=sealed.key_file,
    )
    return msgspec.structs.replace(whole, **more)


async def read(told: Settings) -> Snapshot | Unreachable:
    connector = open_connector("redis", told, SystemClock())
    seen = await connector.read()
    await connector.close()
    return seen


async def examined(told: Settings, *writes: Write) -> Examination:
    connector = open_connector("redis", told, SystemClock())
    found = await connector.examine(writes)
    await connector.close()
    return found


@pytest.mark.real("redis")
@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_sealed_line_with_certificates_of_both_sides(sealed: Sealed, protocol: int) -> None:
    seen = await read(settings(sealed, protocol=protocol))
    assert isinstance(seen, Snapshot), seen
    assert seen.problems == ()
    assert seen.skew == pytest.approx(0, abs=0.5)


@pytest.mark.real("redis")
@pytest.mark.parametrize(
    ("more", "kind"),
    [
        pytest.param({"ca_file": ""}, FailureKind.TLS, id="an authority that is not trusted"),
        pytest.param({"cert_file": "", "key_file": ""}, FailureKind.TLS, id="no certificate of ours"),
        pytest.param({"url": "localhost"}, FailureKind.TLS, id="a certificate for another name"),
        pytest.param({"password": Secret("env:HOME")}, FailureKind.EXPIRED, id="another password"),
    ],
)
async def test_each_way_of_not_being_let_in(sealed: Sealed, more: dict[str, object], kind: FailureKind) -> None:
    if "url" in more:
        more = {"url": sealed.url.replace("127.0.0.1", "localhost")}
    seen = await read(settings(sealed, **more))
    assert isinstance(seen, Unreachable)
    assert (seen.kind, CANARY in f"{seen}") == (kind, False)
    assert seen.advice


async def test_who_hangs_up_after_the_handshake_wants_a_certificate(tmp_path: Path) -> None:
    """The word of a server that says so is often lost: it comes after the handshake, and the line is reset."""
    papers = issued(tmp_path)
    way = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    way.load_cert_chain(*papers.server)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=way)
    port = server.sockets[0].getsockname()[1]
    seen = await read(Settings(url=f"rediss://127.0.0.1:{port}", ca_file=papers.ca))
    server.close()
    assert isinstance(seen, Unreachable)
    assert (seen.kind, "certificate of the client" in seen.reason) == (FailureKind.TLS, True)


@pytest.mark.real("redis")
async def test_through_a_tunnel_the_certificate_is_checked_for_the_name_beyond(sealed: Sealed) -> None:
    here = sealed.url.removeprefix("rediss://").removesuffix("/0")
    wrong = await read(settings(sealed, url="rediss://cache.example:6379", address_map={"cache.example:6379": here}))
    assert isinstance(wrong, Unreachable)
    assert (wrong.kind, "cache.example" in wrong.reason) == (FailureKind.TLS, True)
    unchecked = settings(
        sealed, url="rediss://cache.example:6379", address_map={"cache.example": here}, check_hostname=False
    )
    assert isinstance(await read(unchecked), Snapshot)


@pytest.mark.real("redis")
async def test_a_user_who_may_only_info_sees_what_info_says_and_is_told_the_rest_once(sealed: Sealed) -> None:
    connector = open_connector("redis", settings(sealed, "watcher"), SystemClock())
    seen = await snapshot(connector)
    again = await snapshot(connector)
    applied = await connector.apply(READ_ONLY, RUN)
    await connector.close()
    assert [problem.split(":")[0] for problem in seen.problems] == ["SLOWLOG", "flags", "hits", "TIME"]
    assert sorted(again.problems) == sorted(seen.problems)
    values = {signal.name: signal.value for signal in seen.components[0].signals}
    assert values["memory"]
    assert seen.components[0].facts == ()
    assert (applied.outcome, applied.forbidden) == (Outcome.REJECTED, True)


@pytest.mark.real("redis")
async def test_what_is_forbidden_is_not_asked_again_each_second(sealed: Sealed, tmp_path: Path) -> None:
    """Each refusal would be a line in the server's own log of denied access."""
    users = [word for name, rules in USERS.items() for word in ("--user", name, *rules.split())]
    with start_redis(tmp_path, *users) as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        connector = opening(url, user="watcher", password=PASSWORD)
        for _ in range(5):
            await snapshot(connector)
        await connector.close()
        denied = [line for line in (await cli(port, "ACL", "LOG")).splitlines() if line == "count"]
        counts = (await cli(port, "--json", "ACL", "LOG")).strip()
    assert len(denied) >= 4
    assert all(entry["count"] == 1 for entry in json.loads(counts))


@pytest.mark.real("redis")
async def test_doctor_learns_every_permission(sealed: Sealed) -> None:
    told = await examined(settings(sealed), WRITE, replace(WRITE, fact="replicas"))
    assert (told.version, told.who, told.server) == ("Redis 7.0.15", "all", sealed.url)
    assert len(told.identity) == 40
    assert told.skew == pytest.approx(0, abs=0.5)
    grades = {finding.what.split(":")[0]: finding.grade for finding in told.findings}
    assert {grade for what, grade in grades.items() if not what.startswith("set")} == {Grade.YES}
    assert [finding.grade for finding in told.findings if finding.write] == [Grade.YES, Grade.NO]


@pytest.mark.real("redis")
@pytest.mark.parametrize(
    ("user", "grade", "word"),
    [("writer", Grade.YES, ""), ("half", Grade.NO, "HDEL"), ("watcher", Grade.NO, "scripts are refused")],
)
async def test_a_write_is_asked_about_without_being_done(sealed: Sealed, user: str, grade: Grade, word: str) -> None:
    told = await examined(settings(sealed, user), WRITE)
    (finding,) = (each for each in told.findings if each.write == WRITE)
    assert (finding.grade, word in finding.reason) == (grade, True)
    seen = await read(settings(sealed))
    assert isinstance(seen, Snapshot)
    assert {fact.name: fact.value for fact in seen.components[0].facts} == {"rate.user": None}


@pytest.mark.real("redis")
async def test_what_doctor_says_of_a_writer_is_true(sealed: Sealed) -> None:
    connector = open_connector("redis", settings(sealed, "writer"), SystemClock())
    done = await connector.apply(READ_ONLY, RUN)
    undone = await connector.apply(READ_ONLY.inverse(), RUN)
    await connector.close()
    assert (done.outcome, undone.outcome) == (Outcome.DONE, Outcome.DONE)


async def test_a_server_that_is_not_there_is_one_finding() -> None:
    told = await examined(Settings(url="redis://127.0.0.1:1"), WRITE)
    assert [(finding.grade, finding.kind) for finding in told.findings] == [
        (Grade.NO, FailureKind.REFUSED),
        (Grade.UNKNOWN, FailureKind.REFUSED),
    ]


async def test_doctor_asks_the_simulated_one_as_well() -> None:
    async with simulated(RedisOptions(users=USERS)) as servers:
        told = {}
        for user in ("all", "watcher"):
            connector = simulated_as(user, servers.wire.url)
            told[user] = await connector.examine((WRITE,))
            await connector.close()
    assert all(finding.grade in (Grade.YES, Grade.NOTE, Grade.UNKNOWN) for finding in told["all"].findings)
    grades = {finding.what.split(":")[0]: finding.grade for finding in told["watcher"].findings}
    assert (grades["INFO"], grades["SLOWLOG GET"], grades["SCAN"]) == (Grade.YES, Grade.NO, Grade.NO)


def simulated_as(user: str, url: str) -> RedisConnector:
    return opening(url, user=user, password=PASSWORD)


async def test_both_protocols_read_the_same(redis_url: str) -> None:
    found = []
    for protocol in (2, 3):
        connector = opening(await emptied(redis_url), protocol=protocol)
        seen = await snapshot(connector)
        overview = await connector.inspect("redis/cache/keyspace")
        await connector.close()
        observed = seen.components[0]
        names = {signal.name for signal in observed.signals} | {counter.name for counter in observed.counters}
        found.append((names, observed.facts, observed.state, seen.problems, seen.identity, type(overview)))
    assert found[0] == found[1]
