"""A Valkey is read, written and taken back as a Redis is: it says redis_version 7 and its own beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from console.model.change import Outcome
from console.model.examination import Grade
from console.model.snapshot import Detail
from tests.connectors.redis_servers import FLAGS, READ_ONLY, RUN, emptied, facts, opening, snapshot
from tests.connectors.simulator.sim_redis_servers import cli
from tests.real.redis import start_valkey

pytestmark = pytest.mark.real("redis")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[str]:
    with start_valkey(tmp_path) as address:
        yield address


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_valkey_is_read_written_and_taken_back(valkey: str, protocol: int) -> None:
    connector, port = opening(await emptied(valkey), protocol=protocol), urlsplit(valkey).port or 0
    try:
        seen = await snapshot(connector)
        assert seen.problems == ()
        signals = {signal.name: signal.value for signal in seen.components[0].signals}
        printed = dict(line.split(":", 1) for line in (await cli(port, "INFO")).splitlines() if ":" in line)
        assert signals["clients_max"] == float(printed["maxclients"])
        assert signals["memory"] == pytest.approx(float(printed["used_memory"]), rel=0.2)
        assert (await connector.apply(READ_ONLY, RUN)).outcome is Outcome.DONE
        assert '"on":true' in await cli(port, "HGET", FLAGS, "flag.read_only")
        assert (await connector.apply(READ_ONLY.inverse(), RUN)).outcome is Outcome.DONE
        assert (await facts(connector))["flag.read_only"].value is False
    finally:
        await connector.close()


async def test_it_is_examined_and_looked_into_by_its_own_name(valkey: str) -> None:
    connector = opening(await emptied(valkey))
    try:
        found = await connector.examine(())
        assert found.version.startswith("Valkey ")
        assert {finding.grade for finding in found.findings} <= {Grade.YES, Grade.NOTE}
        for section in ("slowlog", "latency", "clients", "replication", "keyspace", "ttl", "keys"):
            detail = await connector.inspect(f"redis/cache/{section}")
            assert isinstance(detail, Detail), detail
    finally:
        await connector.close()
