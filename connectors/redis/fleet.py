"""All the servers of one Redis: found, asked side by side, and forgotten when they are gone.

Each server has a line and a deadline of its own, so one that hangs delays a reading by its deadline and hides nothing
of the others. Everybody is asked, not only who is said to lead: two who lead are found by asking both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from connectors import Clock
from connectors.redis import node as nodes
from connectors.redis.address import Address, is_cluster, seeds
from connectors.redis.client import Client, Login
from connectors.redis.info import is_primary
from connectors.redis.layout import Layout, Member, Shard, Watched, of_cluster, of_sentinels, settled
from connectors.redis.node import Memory, Node
from connectors.redis.refusal import Refused
from connectors.redis.tellers import Sentinels, by_slots
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

MOST_NODES = 1_000  # a cluster has at the most as many
ASKED_FOR_THE_LAYOUT = 24  # nodes of a cluster a reading, in turn; each tells of all
THREADS = 4  # that look names up
FOLLOWED = 2  # times a reading: once for a layout that is new, once for a hash that moved


@dataclass(frozen=True, slots=True)
class Survey:
    """One reading of everybody. ``claims``: what each node of a cluster says of itself."""

    layout: Layout
    nodes: tuple[Node, ...]
    claims: tuple[tuple[Address, Member], ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def at(self) -> float:
        """Estate seconds: when the last of those who answer had done so; of whom nobody does, when all had failed."""
        answered = [node.at for node in self.nodes if node.failure is None]
        return max(answered or [node.at for node in self.nodes], default=0.0)

    def of(self, address: Address | None) -> Node | None:
        return next((node for node in self.nodes if node.address == address), None)


class Fleet:
    """The clients of all servers. ``alone``: there is one, as the config names it."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.alone = not (settings.sentinels or is_cluster(settings))
        self._settings = settings
        self._clock = clock
        self._bulkhead = Bulkhead(name, 1 if self.alone else THREADS)
        self._clients: dict[Address, Client] = {}
        self._sentinels = Sentinels(settings, self._bulkhead)
        self._memory = Memory(clock.monotonic)
        self._moved: dict[str, Address] = {}  # label of a hash → who has it, where the layout did not tell
        self._round = 0
        self.layout = Layout((Shard(seeds(settings)[0]),)) if self.alone else Layout()

    async def survey(self) -> Survey:
        """Everybody's answers. Refused or Lost where nobody can be asked at all."""
        self._round += 1
        known = self.layout.addresses or seeds(self._settings)
        found, (told, problems) = await asyncio.gather(self._look(known), self._sentinels.told(not self.layout.shards))
        await self._learn(found, told)
        found += await self._look(address for address in self.layout.addresses[:MOST_NODES] if address not in known)
        self.layout = settled(self.layout, (node.address for node in found if is_primary(node.info)))
        placed = [node for node in found if node.address in self.layout.addresses] or found
        self._moved = {}
        placed = await self._with_hashes(placed)
        await self._forget_others()
        return Survey(self.layout, tuple(placed), _claims(placed), (*problems, *self.layout.problems))

    async def locate(self, key: str) -> Client:
        """The client of the primary that has ``key`` now; Refused or Lost where nobody says who that is."""
        if not self.alone:
            await self._relearn()
        owner = self.layout.owner(key)
        if owner is None:
            raise Refused(FailureKind.NOT_FOUND, f"no primary is known that has {key}")
        return self.client(owner)

    async def primaries(self) -> tuple[Address, ...]:
        """Everybody who leads, found now where nobody is known; Refused or Lost where nobody can be asked."""
        if not self.layout.shards:
            await self.survey()
        return tuple(shard.primary for shard in self.layout.shards if shard.primary is not None)

    def client(self, address: Address) -> Client:
        if address not in self._clients:
            login = Login(self._settings.user, self._settings.password)
            self._clients[address] = Client(self._settings, address, login, self._bulkhead)
        return self._clients[address]

    async def close(self) -> None:
        self._bulkhead.close()
        await asyncio.gather(self._sentinels.close(), *(client.close() for client in self._clients.values()))

    async def _look(self, addresses: Iterable[Address]) -> list[Node]:
        asked = (
            (self.client(address), nodes.commands(self._hashes(address), self._tells_layout(index)))
            for index, address in enumerate(addresses)
        )
        return list(await asyncio.gather(*(nodes.look(*each, self._memory, self._clock) for each in asked)))

    def _hashes(self, address: Address) -> dict[str, str]:
        """The keys that this server has, as far as is known."""
        keys = {nodes.FLAGS: self._settings.flags_key, nodes.HITS: self._settings.hits_key}
        return {
            label: key for label, key in keys.items() if (self._moved.get(label) or self.layout.owner(key)) == address
        }

    async def _with_hashes(self, found: list[Node]) -> list[Node]:
        """Who has a hash and was not asked for it is asked again: as the new layout, or the former owner, tells."""
        known = {node.address for node in found}
        for _ in range(FOLLOWED):
            found = [self._followed(node, known) for node in found]
            asked = [
                node.address for node in found if not node.failure and any(map(node.lacks, self._hashes(node.address)))
            ]
            again = {node.address: node for node in await self._look(asked)}
            found = [again.get(node.address, node) for node in found]
        return found

    def _followed(self, node: Node, known: Container[Address]) -> Node:
        """The server without its word that a hash has moved to one who can be asked, once that is noted."""
        said = {label: each.moved.beside(node.address) for label, each in node.refused.items() if each.moved}
        moved = {label: address for label, address in said.items() if address in known}
        if self.alone or not moved:
            return node
        self._moved |= moved
        return replace(node, refused={label: each for label, each in node.refused.items() if label not in moved})

    def _tells_layout(self, index: int) -> bool:
        if not is_cluster(self._settings):
            return False
        turns = -(-max(1, len(self.layout.addresses)) // ASKED_FOR_THE_LAYOUT)
        return index % turns == self._round % turns

    async def _learn(self, found: list[Node], told: tuple[Watched, ...]) -> None:
        """Takes the newest layout over from who told one; the last one stays where nobody did."""
        if told:
            self.layout = of_sentinels(told)
        if is_cluster(self._settings):
            best = max((node.members for node in found), key=_newest, default=())
            self.layout = of_cluster(best) if best else self.layout
            if not best:
                self.layout = await by_slots(self._everybody()) or self.layout

    async def _relearn(self) -> None:
        """Who leads now, from those who know: a few milliseconds before a write."""
        if self._settings.sentinels:
            told, _ = await self._sentinels.told(not self.layout.shards)
            self.layout = of_sentinels(told) if told else self.layout
            return
        owners = await by_slots(self._everybody())
        self.layout = _with_owners(self.layout, owners) if owners else self.layout

    def _everybody(self) -> Iterator[Client]:
        return (self.client(address) for address in self.layout.addresses or seeds(self._settings))

    async def _forget_others(self) -> None:
        gone = [address for address in self._clients if address not in self.layout.addresses]
        if not self.layout.addresses:
            return
        for address in gone:
            self._memory.forget(address)
        await asyncio.gather(*(self._clients.pop(address).close() for address in gone))


def _newest(view: tuple[Member, ...]) -> tuple[int, int]:
    """Orders views: most nodes that are not failing, seen from there, then the newest configuration."""
    healthy = sum(not {"fail", "fail?"} & member.flags for member in view)
    return healthy, max((member.epoch for member in view), default=0)


def _claims(found: Iterable[Node]) -> tuple[tuple[Address, Member], ...]:
    return tuple((node.address, member) for node in found for member in node.members if "myself" in member.flags)


def _with_owners(known: Layout, owners: Layout) -> Layout:
    """The nodes that are known, led as is said now."""
    named = set(owners.addresses)
    others = tuple(address for address in known.addresses if address not in named)
    return Layout(owners.shards, others)
