"""No words and no order of deeds bring down servers that replicate, a Sentinel or a cluster; and they settle again."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.clock import SimClock
from connectors.simulator.redis.cluster import Cluster
from connectors.simulator.redis.node import MODEL
from connectors.simulator.redis.options import RedisOptions
from connectors.simulator.redis.protocol import encode
from connectors.simulator.redis.replicated import Replicated
from connectors.simulator.redis.sentinel import Sentinel
from connectors.simulator.redis.server import Server
from connectors.simulator.redis.topology import Topology
from tests.connectors.simulator.sim_redis_servers import CACHE, Time

NAMES = st.sampled_from(
    b"CLUSTER SENTINEL REPLICAOF FAILOVER WAIT ROLE INFO SHUTDOWN READONLY ASKING SELECT GET SET EVAL MULTI EXEC"
    b" FLUSHALL PUBLISH CONFIG CLIENT".split()
)
WORDS = st.sampled_from(
    b"no one info nodes slots shards links myid keyslot countkeysinslot getkeysinslot replicas failover masters master"
    b" mymaster ckquorum reset get-master-addr-by-name is-master-down-by-addr to abort force timeout 127.0.0.1 6379"
    b" 6380 0 1 -1 99999999999999999999 nosave save now {a}1 all resetstat pause".split()
) | st.binary(max_size=8)
COMMANDS = st.lists(st.tuples(NAMES, st.lists(WORDS, max_size=5)), max_size=12)
SETTLED = 200  # simulated seconds, more than twice a failed failover's timeout

Deed = tuple[str, int]
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("kill", "model down", "back", "force", "wait", "wait long", "no one", "follow")),
        st.integers(0, 2),
    ),
    max_size=12,
)


def say(server: Server, words: list[bytes]) -> None:
    """Whatever comes back can be written on a line, in both protocols."""
    if server.alive:
        client = server.connect(lambda data: None, "127.0.0.1:1")
        reply = server.door.execute(client, words)
        if not server.waiting.of(client.id):
            assert encode(reply, 2)
            assert encode(reply, 3)
        server.disconnect(client)


@given(COMMANDS)
@settings(max_examples=80, deadline=None)
def test_words_are_answered_or_refused(commands: list[tuple[bytes, list[bytes]]]) -> None:
    clock = SimClock(1.0, Time())
    replicated = Replicated(clock, 1, RedisOptions(replicas=1), ())
    cluster = Cluster(clock, 1, RedisOptions(cluster=True), ())
    sentinel = Sentinel(clock, 1, replicated.nodes, RedisOptions())
    servers = [node.server for node in (*replicated.nodes, *cluster.nodes)] + [sentinel.server]
    for t, (name, words) in enumerate(commands):
        if name == b"WAIT" or words[:1] == [b"pause"]:
            continue  # they wait by the loop's clock
        for server in servers:
            say(server, [name, *words])
        for topology in (replicated, cluster):
            topology.step(t, CACHE)


@given(DEEDS)
@settings(max_examples=80, deadline=None)
def test_there_is_one_primary_again_whatever_was_done(deeds: list[Deed]) -> None:
    time = Time()
    topology = Replicated(SimClock(1.0, time), 1, RedisOptions(replicas=2), (b"kept",))
    run = _runner(topology, time)
    run(2)
    for deed, index in deeds:
        _do(topology, run, deed, index)
    for node in topology.nodes:
        node.release("test")
        node.release(MODEL)
    run(SETTLED)
    roles = [node.server.replication.role for node in topology.nodes]
    assert sorted(roles) == ["master", "slave", "slave"]
    assert topology.answering
    primary = topology.primary.server
    assert primary.replication.role == "master"
    assert {node.server for node in topology.nodes} == {primary, *primary.replication.followers()}
    assert len({id(node.server.keyspace(0)) for node in topology.nodes}) == 1
    assert all(node.server.replication.offset == primary.replication.offset for node in topology.nodes)


def _runner(topology: Topology, time: Time) -> Callable[[int], None]:
    seconds = [0]

    def run(count: int) -> None:
        for _ in range(count):
            seconds[0] += 1
            time.now += 1
            topology.step(seconds[0], CACHE)

    return run


def _do(topology: Replicated, run: Callable[[int], None], deed: str, index: int) -> None:
    node = topology.nodes[index]
    match deed:
        case "kill":
            node.hold_down("test")
        case "model down":
            for each in topology.nodes:
                each.hold_down(MODEL)
        case "back":
            node.release("test")
            node.release(MODEL)
        case "force":
            topology.fail_over()
        case "wait":
            run(1)
        case "wait long":
            run(9)
        case "no one":
            say(node.server, [b"REPLICAOF", b"NO", b"ONE"])
        case _:
            other = topology.nodes[(index + 1) % 3].server
            say(node.server, [b"REPLICAOF", other.host.encode(), b"%d" % other.port])
