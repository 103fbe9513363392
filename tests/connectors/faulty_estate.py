"""The simulated shop behind proxies that fail on command: a session sees it as it would see a sick network."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from console.clock import SystemClock
from console.config import load
from console.model.snapshot import Unreachable
from console.model.topology import Source
from console.session import Session
from tests.connectors.faulty_proxy import Fault, Proxy, proxied
from tests.playbooks.shop import Shop

INTERVAL = 1.0  # wall seconds
TIMEOUT = 1.0  # wall seconds
SYSTEMS = ("prometheus", "kafka", "redis", "kubernetes")


@dataclass(frozen=True, slots=True)
class FaultyEstate:
    session: Session
    proxies: Mapping[str, tuple[Proxy, ...]]

    async def set(self, source: str, fault: Fault) -> None:
        for proxy in self.proxies[source]:
            await proxy.set(fault)

    def source(self, name: str) -> Source:
        return self.session.topology.sources.get(name, Source(name))

    async def until_failed(self, name: str, within: float = 20.0) -> Unreachable:
        """The first reading of the source that failed."""
        async with asyncio.timeout(within):
            while (failure := self.source(name).failure) is None:
                await self.session.next()
        return failure

    async def until_well(self, within: float = 20.0) -> None:
        async with asyncio.timeout(within):
            while any(self.source(each).snapshot is None or self.source(each).failure for each in SYSTEMS):
                await self.session.next()

    def ages(self) -> dict[str, float | None]:
        """Estate seconds since each source was last read."""
        now = self.session.clock.now()
        return {name: self.source(name).age(now) for name in SYSTEMS}


@asynccontextmanager
async def behind_proxies(
    shop: Shop, directory: Path, host: str = "127.0.0.1", timeout: float = TIMEOUT
) -> AsyncIterator[FaultyEstate]:
    """Every port of the shop behind a proxy of its own, and a session on the proxies, by the name of ``host``."""
    async with AsyncExitStack() as stack:
        proxies = {
            system: tuple([await stack.enter_async_context(proxied(port)) for port in _ports(shop.addresses[system])])
            for system in SYSTEMS
        }
        config = _rewritten(shop.config, directory, [each for some in proxies.values() for each in some], host, timeout)
        session = Session(load(config), SystemClock())
        await session.start()
        try:
            yield FaultyEstate(session, proxies)
        finally:
            await session.stop()


def _ports(addresses: str) -> list[int]:
    return [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", addresses)]


def _rewritten(config: Path, directory: Path, proxies: list[Proxy], host: str, timeout: float) -> Path:
    """The shop's config and kubeconfig, with the proxies' ports in the place of its own."""
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(_through(config.with_name(f"{config.name}.kubeconfig").read_text(), proxies, host))
    text = _through(config.read_text(), proxies, host)
    text = re.sub(r'^kubeconfig = ".*"', f'kubeconfig = "{kubeconfig}"', text, flags=re.MULTILINE)
    text = re.sub(r"^timeout = .*$", f"timeout = {timeout}", text, flags=re.MULTILINE)
    text = re.sub(r"^interval = .*$", f"interval = {INTERVAL}", text, flags=re.MULTILINE)
    mapped = ", ".join(f'"127.0.0.1:{each.target}" = "{host}:{each.port}"' for each in proxies)
    text = text.replace("[environments.demo.kafka]", f"[environments.demo.kafka]\naddress_map = {{ {mapped} }}")
    rewritten = directory / "seawall.toml"
    rewritten.write_text(text)
    return rewritten


def _through(text: str, proxies: list[Proxy], host: str) -> str:
    for proxy in proxies:
        text = text.replace(f"127.0.0.1:{proxy.target}", f"{host}:{proxy.port}")
    return text
