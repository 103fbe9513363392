"""The simulated cluster with 5,000 pods: what listing and watching them costs beside encoding the same bytes.

The baseline is a bare server of the same library that encodes the same documents for each request, in the same loop
and asked by the same client; what counts is processor time, of both ends.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import psutil
from aiohttp import web

from bench.result import Result
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.options import KubernetesOptions

PODS = 5000
WATCHES = 50
PATH = "/api/v1/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
BULK = "/apis/apps/v1/namespaces/bulk/deployments/bulk"


class Client:
    """Plain HTTP in the server's own loop, so that one process pays for both ends."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get(self, path: str = PATH, accept: str = "application/json") -> bytes:
        async with self._session.get(path if "://" in path else self._url + path, headers={"Accept": accept}) as answer:
            return await answer.read()

    async def pages(self) -> list[bytes]:
        """The whole list in pages of 500."""
        found: list[bytes] = []
        token = ""
        while token or not found:
            found.append(await self.get(f"{PATH}?limit=500&continue={token}"))
            token = msgspec.json.decode(found[-1], type=_List).metadata.token
        return found

    async def told(self, count: int) -> None:
        """One change of a deployment, told to so many watches."""
        url = f"{self._url}/apis/apps/v1/deployments?watch=1&resourceVersion=0"
        watches = [await self._session.get(url) for _ in range(count)]
        change = {"metadata": {"annotations": {"bench": str(time.perf_counter())}}}
        merge = {"Content-Type": "application/merge-patch+json"}
        async with self._session.patch(f"{self._url}{BULK}", data=msgspec.json.encode(change), headers=merge):
            await asyncio.gather(*(_until(watch, b'"bench"') for watch in watches))
        for watch in watches:
            watch.close()


class _Metadata(msgspec.Struct):
    token: str = msgspec.field(name="continue", default="")


class _List(msgspec.Struct):
    metadata: _Metadata


async def _until(watch: aiohttp.ClientResponse, mark: bytes) -> None:
    while mark not in await watch.content.readline():
        pass


def run() -> Iterator[Result]:
    yield from asyncio.run(_measured())


async def _measured() -> list[Result]:
    before = psutil.Process().memory_info().rss
    wire = KubernetesWire(SimClock(), 0, KubernetesOptions(pods=PODS))
    await wire.start()
    async with aiohttp.ClientSession() as session:
        client = Client(session, wire.url)
        found = [
            await _list("whole", client, client.get),
            await _list("in pages of 500", client, client.pages),
            await _list("as a table", client, lambda: client.get(accept=TABLE)),
            await _list("metadata only", client, lambda: client.get(accept=METADATA)),
        ]
        start = time.perf_counter()
        await client.told(WATCHES)
        found.append(Result(f"kubernetes: a change told to {WATCHES} watches", time.perf_counter() - start, "s", 1.0))
    await wire.stop()
    held = (psutil.Process().memory_info().rss - before) / 2**20
    return [*found, Result(f"kubernetes: memory of {PODS} pods, and of this", held, "MiB", 250)]


async def _list(name: str, client: Client, ask: Callable[[], Awaitable[bytes | list[bytes]]]) -> Result:
    """A list as it is asked for again and again, to a server that only encodes."""
    raw = await ask()
    documents = [msgspec.json.decode(part) for part in (raw if isinstance(raw, list) else [raw])]
    size = sum(map(len, raw)) if isinstance(raw, list) else len(raw)
    ours = await _processor(ask)
    async with _plain(documents) as url:
        bare = await _processor(lambda: _all(client, url, len(documents)))
    beside = f"{size / 2**20:.1f} MiB, encoded and sent in {bare * 1000:.0f} ms"
    return Result(f"kubernetes: {PODS} pods {name}", ours / bare, "times", 2.0, beside)


async def _processor(ask: Callable[[], Awaitable[object]]) -> float:
    """The median of what one call takes, in seconds of this process's processor time."""
    taken = []
    for _ in range(7):
        start = time.process_time()
        await ask()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


async def _all(client: Client, url: str, count: int) -> None:
    for number in range(count):
        await client.get(f"{url}/{number}")


@asynccontextmanager
async def _plain(documents: list[object]) -> AsyncIterator[str]:
    """A server that encodes a document for each request."""

    async def encoded(http: web.BaseRequest) -> web.Response:
        document = documents[int(http.path.strip("/"))]
        return web.Response(body=msgspec.json.encode(document), content_type="application/json")

    runner = web.ServerRunner(web.Server(encoded))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
