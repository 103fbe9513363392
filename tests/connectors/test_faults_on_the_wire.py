"""One backend at a time falls sick on the wire: it says how, the others stay fresh, and it is back when it is back."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.model.snapshot import FailureKind
from tests.connectors.faulty_estate import INTERVAL, SYSTEMS, FaultyEstate, behind_proxies
from tests.connectors.faulty_proxy import Fault
from tests.playbooks.shop import Shop, shop

STALE = 3 * INTERVAL
SICK = {
    Fault.BLACK_HOLE: {FailureKind.TIMED_OUT},
    Fault.DRIP: {FailureKind.TIMED_OUT},
    Fault.RESET: {FailureKind.PROTOCOL, FailureKind.REFUSED},
    Fault.CLOSED: {FailureKind.REFUSED},
}


@pytest.fixture(scope="module")
def calm_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("shop"), "calm", 1.0) as opened:
        yield opened


@pytest.mark.parametrize("sick", SYSTEMS)
async def test_a_sick_one_says_how_and_for_how_long_and_is_back_within_two_intervals(
    sick: str, calm_shop: Shop, tmp_path: Path
) -> None:
    async with behind_proxies(calm_shop, tmp_path) as estate:
        await estate.until_well()
        for fault, kinds in SICK.items():
            await estate.set(sick, fault)
            failure = await estate.until_failed(sick)
            assert failure.kind in kinds, f"{fault}: {failure}"
            assert failure.advice
            assert failure.reason
            age = estate.ages()[sick]
            assert age is not None
            assert age > 0
            assert failure.next_at is not None
            assert failure.next_at - estate.session.clock.now() < 2 * INTERVAL
            others_are_fresh(estate, sick)
            await estate.set(sick, Fault.NONE)
            await back(estate, sick)


async def test_a_name_that_is_gone_is_told_apart_and_is_back_with_the_resolver(
    calm_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = Resolver("estate.test")
    monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    async with behind_proxies(calm_shop, tmp_path, resolver.name) as estate:
        await estate.until_well()
        resolver.gone = True
        for system in SYSTEMS:
            await estate.set(system, Fault.RESET)  # what is connected needs no name
            await estate.set(system, Fault.NONE)
        for system in SYSTEMS:
            await until_named(estate, system)
        resolver.gone = False
        for system in SYSTEMS:
            await back(estate, system)


async def told(estate: FaultyEstate, system: str) -> str:
    """What it says of the reading that met the dead connections: all of them, or some of several."""
    async with asyncio.timeout(20):
        while True:
            source = estate.source(system)
            if source.failure is not None:
                assert source.failure.kind is FailureKind.TIMED_OUT
                return source.failure.reason
            if source.snapshot is not None and source.snapshot.problems:
                return "; ".join(source.snapshot.problems)
            await estate.session.next()


async def until_named(estate: FaultyEstate, system: str) -> None:
    """The first failure may still be the reset connection's."""
    async with asyncio.timeout(20):
        while (failure := estate.source(system).failure) is None or failure.kind is not FailureKind.NAME:
            await estate.session.next()


class Resolver:
    """The operating system's, with a name of the test's own that can go."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gone = False
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: Any, *arguments: Any, **more: Any) -> Any:
        if host in (self.name, self.name.encode()):
            if self.gone:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return self._real(host, *arguments, **more)


async def back(estate: FaultyEstate, sick: str) -> None:
    """One attempt may have been under way when it was mended; the next one succeeds."""
    before = estate.source(sick).failure
    failures = 0
    async with asyncio.timeout(20):
        while not whole(estate, sick):
            failure = estate.source(sick).failure
            if failure is not before:
                failures, before = failures + 1, failure
            await estate.session.next()
    assert failures <= 1


def whole(estate: FaultyEstate, system: str) -> bool:
    source = estate.source(system)
    return source.failure is None and source.snapshot is not None and not source.snapshot.problems


def others_are_fresh(estate: FaultyEstate, sick: str) -> None:
    ages = estate.ages()
    assert all(age is not None and age < STALE for name, age in ages.items() if name != sick), ages


@pytest.mark.parametrize("fault", [Fault.LATENCY, Fault.LOSS])
async def test_a_slow_or_lossy_way_makes_nothing_stale(fault: Fault, calm_shop: Shop, tmp_path: Path) -> None:
    async with behind_proxies(calm_shop, tmp_path, timeout=2.0) as estate:
        await estate.until_well()
        for system in SYSTEMS:
            await estate.set(system, fault)
        readings: dict[str, set[float]] = {name: set() for name in SYSTEMS}
        async with asyncio.timeout(40):
            while min(map(len, readings.values())) < 4:
                await estate.session.next()
                for name in SYSTEMS:
                    snapshot = estate.source(name).snapshot
                    readings[name] |= {snapshot.at} if snapshot is not None else set()
        worst = {
            name: max(b - a for a, b in zip(sorted(at), sorted(at)[1:], strict=False)) for name, at in readings.items()
        }
        assert all(gap < STALE for gap in worst.values()), worst


@pytest.mark.parametrize("sick", SYSTEMS)
async def test_a_peer_that_vanished_without_a_word_costs_one_reading(
    sick: str, calm_shop: Shop, tmp_path: Path
) -> None:
    async with behind_proxies(calm_shop, tmp_path) as estate:
        await estate.until_well()
        before = sum(proxy.connections for proxy in estate.proxies[sick])
        await estate.set(sick, Fault.HALF_OPEN)
        assert re.search("timed out|not? answer", await told(estate, sick))
        await back(estate, sick)
        assert sum(proxy.connections for proxy in estate.proxies[sick]) > before
        others_are_fresh(estate, sick)
