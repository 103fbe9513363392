"""A hostile estate from its wires to the terminal: every verb and every view shows it inert, bounded and in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from connectors.simulator.clock import SimClock
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.tick import Group, Partition, Tick
from console.clock import SystemClock
from console.config import load
from console.model.snapshot import Detail, Unreachable
from console.model.topology import Topology
from console.session import Session
from panels import detail, lag, pods, surroundings, topology
from panels.header import Station
from panels.header import line as header_line
from panels.line import fit, text_of
from panels.scene import Scene
from tests.connectors.kafka_estate import CACHE
from tests.connectors.prometheus_like import Asked, Reply, like, number, refused, success
from tests.connectors.redis_servers import simulated
from tests.console.test_cli import SEAWALL
from tests.console.test_cli import surroundings as environ

SHORT = ["\x1b[2J\x07\x9b31m\x00\r\n", "\u202egpj.exe\u200b\u2066", "[bold red]$(reboot)[/]", "注文\u0301"]
HOSTILE = [*SHORT, "n" * 65536]
LONGEST = 4000  # characters of one line of a verb's report
MOST = 2 * 2**20  # characters of one whole report: a handful of texts of 64 KiB may be in a document

VERBS = (
    ("status",),
    ("status", "--json"),
    ("query", "*.*"),
    ("query", "*.*", "--json"),
    ("doctor",),
    ("doctor", "--json"),
)
UNSEEN = set("\u202e\u200b\u2066\u0301\udfff")

CONFIG = """\
[environments.test]
interval = 1.0

[environments.test.prometheus]
url = "{prometheus}"
timeout = 10.0

[environments.test.kafka]
bootstrap = ["{kafka}"]
timeout = 10.0

[environments.test.redis]
url = "{redis}"
timeout = 10.0

[[components]]
alias = "gateway"
layer = "gateway"
id = "prometheus/gateway"

[components.signals.rps]
query = "up"
unit = "count"

[components.signals.bad]
query = "bad"
unit = "count"

[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"

[[components]]
alias = "orders"
layer = "queue"
id = {group}
"""


def answer(asked: Asked) -> Reply:
    """Every text of alerts and refusals hostile, one with half a surrogate: JSON can say it, UTF-8 cannot."""
    if asked.path.endswith("/alerts"):
        return success({"alerts": [alert(text) for text in HOSTILE]})
    return refused(400, "".join(SHORT) + "\udfff half") if "bad" in asked.params.get("query", "") else number(asked)


def alert(text: str) -> dict[str, Any]:
    labels = {"alertname": f"a{text}", "severity": text, text: text}
    return {
        "labels": labels,
        "annotations": {"summary": text},
        "state": "firing",
        "activeAt": "2026-01-01T00:00:00Z",
    }


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """Three sources with hostile names, and a config whose lines are about them."""
    kafka = KafkaWire(SimClock(), seed=7)
    groups = [Group(f"g{text[:30000]}", "Stable", 1, (Partition("orders", 0, 0, 9, 4),)) for text in HOSTILE]
    kafka.step(0, Tick(0, CACHE, tuple(groups), counters={"dead_letters": 1}))
    async with AsyncExitStack() as stack:
        url, _ = await stack.enter_async_context(like(answer))
        await kafka.start()
        stack.push_async_callback(kafka.stop)
        cache = await simulated()
        stack.push_async_callback(cache.stop)
        async with redis.asyncio.Redis.from_url(cache.url) as client:
            await client.hset("seawall:hits", mapping={b"hits:" + text.encode() + b"\xff\xfe": b"7" for text in SHORT})
            await client.hset("seawall:flags", mapping={text.encode() + b"\xff": b'{"on": true}' for text in SHORT})
        path = tmp_path / "seawall.toml"
        written = CONFIG.replace("{group}", json.dumps(f"kafka/group/g{SHORT[0]}"))
        path.write_text(
            written.replace("{prometheus}", url).replace("{kafka}", kafka.bootstrap[0]).replace("{redis}", cache.url)
        )
        yield path


async def test_every_verb_shows_it_inert_and_bounded(config: Path) -> None:
    told = await asyncio.gather(*(said(config, *verb) for verb in VERBS))
    for verb, out in zip(VERBS, told, strict=True):
        lines = out.splitlines()
        assert lines, verb
        assert all(line.isprintable() for line in lines), verb
        assert len(out) < MOST, verb
        if "--json" in verb:
            assert out.isascii(), verb
            json.loads(out)
        else:
            assert max(map(len, lines)) < LONGEST, verb
            assert not set(out) & UNSEEN, verb
    assert "alert a␛[2J" in told[VERBS.index(("status",))]
    assert "j.exe" in told[VERBS.index(("status",))]
    assert "[bold red]" in told[VERBS.index(("query", "*.*"))]


async def said(config: Path, *arguments: str) -> str:
    """What a verb prints; nothing on stderr."""
    argv = [*SEAWALL, "--config", str(config), *arguments]
    pipe, folder = asyncio.subprocess.PIPE, config.parent
    verb = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=pipe, env=environ(folder), cwd=folder)
    async with asyncio.timeout(60):
        out, err = await verb.communicate()
    assert not err, arguments
    return out.decode()


async def test_every_view_and_drill_down_shows_it_inert_and_bounded(config: Path) -> None:
    session = Session(load(config), SystemClock())
    try:
        seen = await session.read_now()
        assert {each.failure for each in seen.sources.values()} == {None}
        assert seen.sources["prometheus"].snapshot is not None
        assert seen.alerts
        ids = tuple(seen.observed)
        found = {each: await session.inspect(each) for each in ids}
    finally:
        await session.stop()
    assert any(isinstance(each, Detail) for each in found.values())
    for width in (60, 140):
        texts = [text for each in ids for text in drawn(seen, each, found, width)]
        assert all(text.isprintable() for text in texts)
        assert not set("".join(texts)) & UNSEEN
        assert any("g␛[2J" in text for text in texts)
        assert max(map(len, texts)) <= width


def drawn(seen: Topology, chosen: str, found: dict[str, Detail | Unreachable], width: int) -> list[str]:
    """Every line of the screen, cut as the widget that shows it does, with this component chosen and opened."""
    scene = Scene(seen, seen.at, seen.at, width, 40, chosen, inspections=found)
    rows = (*topology.rows(scene), *lag.rows(scene), *pods.rows(scene), *surroundings.rows(scene), *detail.rows(scene))
    return [text_of(header_line(scene, Station("test"))), *(text_of(fit(each.line, width)) for each in rows)]
