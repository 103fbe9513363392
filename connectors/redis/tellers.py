"""Those who tell where a Redis' servers are: its Sentinels, or whoever of a cluster answers first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from connectors.redis.address import Address, watchers
from connectors.redis.client import Client, Login, Word
from connectors.redis.layout import Layout, Watched, of_slots, watched
from connectors.redis.refusal import Lost, Refused
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

Failure = Refused | Lost
Answer = list[object] | Refused | Lost


class Sentinels:
    """Those of the config; none where it names no Sentinel."""

    def __init__(self, settings: Settings, bulkhead: Bulkhead) -> None:
        login = Login(settings.sentinel_user, settings.sentinel_password)
        self._master = settings.master
        self._clients = [Client(settings, each, login, bulkhead) for each in watchers(settings)]

    async def told(self, needed: bool) -> tuple[tuple[Watched, ...], tuple[str, ...]]:
        """What they say, and a line for each who says nothing; a failure where nobody does and it is ``needed``."""
        name = self._master
        commands = (("SENTINEL", "MASTER", name), ("SENTINEL", "REPLICAS", name))
        answers = await asyncio.gather(*(_tried(client, commands) for client in self._clients))
        said = [_watched(client.address, name, each) for client, each in zip(self._clients, answers, strict=True)]
        failed = [(client, each) for client, each in zip(self._clients, said, strict=True) if isinstance(each, Failure)]
        told = tuple(each for each in said if isinstance(each, Watched))
        if failed and not told and needed:
            raise failed[0][1]
        return told, tuple(f"Sentinel {client.address}: {failure.reason}" for client, failure in failed)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))


async def by_slots(cluster: Iterable[Client]) -> Layout | None:
    """Who has which slots, by the first node that tells."""
    for client in cluster:
        answer = await _tried(client, (("CLUSTER", "SLOTS"),))
        layout = Layout() if isinstance(answer, Failure) else of_slots(answer[0], client.address)
        if layout.shards:
            return layout
    return None


async def _tried(client: Client, commands: Sequence[Sequence[Word]]) -> Answer:
    try:
        return await client.ask(*commands)
    except (Refused, Lost) as failed:
        return failed


def _watched(sentinel: Address, name: str, answer: Answer) -> Watched | Refused | Lost:
    if isinstance(answer, Failure):
        return answer
    if isinstance(answer[0], Refused):
        unknown = "No such master" in answer[0].reason
        return Refused(FailureKind.NOT_FOUND, f"{sentinel} watches no {name}") if unknown else answer[0]
    told = watched(sentinel, answer[0], None if isinstance(answer[1], Refused) else answer[1])
    return told or Refused(FailureKind.PROTOCOL, f"{sentinel} does not answer as a Sentinel does")
