"""What an estate is made of, as data: everything in which one system differs from another.

The equations and the wires' furniture read these structs, so another system is one more file in ``architectures/``
and no code. Crises and their remedies name components by the role they have here, not by their names.
Shares are 0..1, times seconds, rates a second, sizes of pods cores and MiB.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any, Literal

import msgspec

FOLDER = "architectures"


class UnknownArchitecture(ValueError):
    """No architecture has that name. The message lists those there are."""


class BadArchitecture(ValueError):
    """A file that does not describe an architecture. The message says where and why."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file: what it does not know is an error."""


class Users(_Data, frozen=True):
    """Who comes. A minority of heavy clients (scrapers, broken apps) makes the share ``heavy`` of the requests."""

    rate: float  # requests on an ordinary day
    orders: float  # share of the answered requests that write something: an order, an upload, a booking
    paying: float = 0.1  # share of the requests that paying users make
    heavy: float = 0.3
    ordinary_rate: float = 20.0  # requests a minute of an ordinary user, on average
    heavy_rate: float = 600.0


class Cdn(_Data, frozen=True):
    """What is kept in front of the gateway."""

    cacheable: float  # share of the requests, on an ordinary day
    crowd: float  # the same of a crowd that came for one thing
    ttl: float = 60.0
    timeout: float = 10.0  # until a fetch that fails is given up


class Gateway(_Data, frozen=True):
    """What lets requests in."""

    workload: str
    capacity: float = 6000.0  # requests a pod
    cpu: float = 0.0001  # CPU seconds a request
    timeout: float = 3.0  # until it gives up on an answer; the work is done all the same
    promised: float = 0.2  # seconds within which 95 % of the answers are to be there


class Front(_Data, frozen=True):
    """One deployment that answers users: the API, or the API of one region."""

    workload: str
    share: float = 1.0  # of the origin's requests
    cpu: float = 0.0017  # CPU seconds a request without its features
    lookups: float = 2.0  # in the cache, a request without its features
    overhead: float = 0.001  # of a request outside of the CPU and the dependencies
    threads: int = 50  # a pod
    waiting: int = 100  # requests that may wait a pod
    pool: int = 10  # connections to a shard that a pod may open
    request_memory: float = 1.0  # MiB of a request in flight
    shard: str = ""  # where all its data is; "": spread over the shards by their weights


class Service(_Data, frozen=True):
    """A service behind the fronts with pods of its own."""

    workload: str
    share: float  # of the requests that call it
    work: float  # seconds that one of its threads is held
    threads: int  # a pod
    cpu: float = 0.0005  # CPU seconds a call
    timeout: float = 2.0  # until a caller gives up
    needed: bool = True  # False: without it the answer is poorer, but an answer


class Feature(_Data, frozen=True):
    """What a feature costs each request while it is on."""

    tier: Literal["P0", "P1", "P2"]
    cpu: float  # seconds
    lookups: float = 0.0
    orders: bool = False  # without it nobody orders anything


class Group(_Data, frozen=True):
    """A group of keys in the cache that live equally long."""

    name: str
    ttl: float
    share: float = 0.0  # of the look-ups that the model counts; 0: there are only its keys to be seen
    sample: int = 0  # keys of it that one can scan
    bytes: int = 100  # of the value of such a key


class Cache(_Data, frozen=True):
    """The cache as the model counts it."""

    groups: tuple[Group, ...]
    keys: int = 300_000
    zipf: float = 1.2
    key_bytes: int = 2048
    empty: int = 150  # MiB without any key
    memory: int = 1024  # MiB that it may use
    clients: int = 4  # connections of a pod


class Shard(_Data, frozen=True):
    """One primary of the database. The first one is the one that crises strike."""

    name: str
    weight: float = 1.0  # share of the queries


class Database(_Data, frozen=True):
    """The database, each shard with the same strength."""

    shards: tuple[Shard, ...]
    connections: int = 300  # that one shard takes
    query: float = 0.019  # seconds, alone
    best: int = 80  # connections beyond which more of them do less
    contention: float = 0.01
    writes: float = 2.0  # queries an order makes
    replicas: str = ""  # the workload whose ready pods are read replicas of each shard


class ThirdParty(_Data, frozen=True):
    """Somebody else's API."""

    name: str
    per: Literal["order", "request"] = "order"
    share: float = 1.0  # of the orders or requests that call it
    limit: float = 300.0  # calls that the contract allows
    penalty: float = 0.5  # of the limit, that is answered while it is exceeded
    latency: float = 0.15
    timeout: float = 60.0  # until a caller gives up
    needed: bool = True  # False: without it the answer is poorer, but an answer


class Topic(_Data, frozen=True):
    """A topic, and the group of the same name that consumes it."""

    name: str
    source: Literal["orders", "requests", "topic", "dead letters"]
    weights: tuple[float, ...]  # share of the messages, a partition
    group: str = ""  # "": nobody consumes it
    workload: str = ""  # whose ready pods are the group's members
    after: str = ""  # the topic whose consumers write to it, where that is its source
    share: float = 1.0  # messages for each order, request or message of its source
    budget: float = 20.0  # messages a member
    queries: float = 0.0  # of the database, a message
    start: float = 0.0  # messages there were when the history began
    bytes: float = 1024.0  # of a message
    client: str = ""  # the producer's client id, which a quota may name

    @property
    def partitions(self) -> int:
        return len(self.weights)


class Parked(_Data, frozen=True):
    """Work that a request does itself, but which a worker may do later."""

    topic: str
    cpu: float  # CPU seconds a request, of the front's own
    share: float  # messages a request, when it is parked


class Autoscaler(_Data, frozen=True):
    """A HorizontalPodAutoscaler on CPU."""

    low: int
    high: int
    cpu: int = 70  # percent of the request


class Workload(_Data, frozen=True):
    """Pods: what asks the cluster for them and what each is given."""

    name: str
    replicas: int
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    cpu: float = 0.5  # cores requested
    cpu_limit: float = 1.0
    memory: int = 256  # MiB requested
    memory_limit: int = 512
    uses: int = 180  # MiB that it holds when it is idle
    idle: float = 0.05  # share of its CPU request that it uses when it is idle
    port: int | None = None
    pool: int = 5  # connections to a shard that a pod may open, where it consumes a topic
    autoscaler: Autoscaler | None = None
    available: str = ""  # a disruption budget's minAvailable


class Architecture(_Data, frozen=True):
    """One system."""

    name: str
    title: str
    story: str
    namespace: str
    users: Users
    cdn: Cdn
    gateway: Gateway
    fronts: tuple[Front, ...]
    features: Mapping[str, Feature]
    cache: Cache
    database: Database
    workloads: tuple[Workload, ...]
    topics: tuple[Topic, ...]
    third_parties: tuple[ThirdParty, ...] = ()
    services: tuple[Service, ...] = ()
    parked: Parked | None = None
    flags: Mapping[str, Mapping[str, Any]] = {}  # the flag document on an ordinary day

    def workload(self, name: str) -> Workload:
        """The workload of that name; KeyError where there is none, which a file that was read cannot be."""
        for workload in self.workloads:
            if workload.name == name:
                return workload
        raise KeyError(name)

    @property
    def consumed(self) -> tuple[Topic, ...]:
        """The topics that a group consumes."""
        return tuple(topic for topic in self.topics if topic.group)


def _listed() -> tuple[str, ...]:
    """Names of the files, the default first."""
    found = (entry.name for entry in files("connectors.simulator").joinpath(FOLDER).iterdir())
    names = (name.removesuffix(".toml") for name in found if name.endswith(".toml"))
    return tuple(sorted(names, key=lambda name: (name != DEFAULT, name)))


DEFAULT = "shop"
ARCHITECTURES = _listed()


@cache
def architecture_named(name: str) -> Architecture:
    """The architecture of that name; UnknownArchitecture where there is none."""
    if name not in ARCHITECTURES:
        raise UnknownArchitecture(f"no architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}")
    text = files("connectors.simulator").joinpath(FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    return architecture_of(name, text)


def architecture_of(name: str, text: str) -> Architecture:
    """The architecture that a file's text describes; BadArchitecture says where it does not."""
    try:
        found = msgspec.convert({"name": name, **tomllib.loads(text)}, Architecture)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise BadArchitecture(f"{name}.toml: {error}") from error
    for wrong in chain(_unknown_names(found), _bad_shares(found)):
        raise BadArchitecture(f"{name}.toml: {wrong}")
    return found


def _unknown_names(found: Architecture) -> list[str]:
    """What is named and is not there."""
    workloads = {workload.name for workload in found.workloads}
    topics = {topic.name for topic in found.topics}
    shards = {shard.name for shard in found.database.shards}
    named = [("gateway.workload", found.gateway.workload, workloads)]
    named += [("fronts.workload", front.workload, workloads) for front in found.fronts]
    named += [("fronts.shard", front.shard, shards | {""}) for front in found.fronts]
    named += [("services.workload", service.workload, workloads) for service in found.services]
    named += [("database.replicas", found.database.replicas, workloads | {""})]
    named += [("topics.workload", topic.workload, workloads) for topic in found.consumed]
    named += [("topics.after", topic.after, topics) for topic in found.topics if topic.source == "topic"]
    named += [("parked.topic", parked.topic, topics) for parked in (found.parked,) if parked]
    return [f"{where}: no {name!r}" for where, name, known in named if name not in known]


def _bad_shares(found: Architecture) -> list[str]:
    """Shares that have to be a whole and are not."""
    wholes = {
        "fronts.share": [front.share for front in found.fronts],
        "database.shards.weight": [shard.weight for shard in found.database.shards],
        "cache.groups.share": [group.share for group in found.cache.groups],
        **{f"topics.{topic.name}.weights": list(topic.weights) for topic in found.topics},
    }
    return [
        f"{where}: {sum(shares):g} in all, not 1" for where, shares in wholes.items() if abs(sum(shares) - 1) > 1e-9
    ]
