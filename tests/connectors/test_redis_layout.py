"""Who leads what: as cluster nodes and Sentinels say it, in the words of every version, and of nonsense nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.redis.address import Address, parse
from connectors.redis.fleet import Survey
from connectors.redis.layout import (
    Layout,
    Shard,
    members,
    of_cluster,
    of_sentinels,
    of_slots,
    settled,
    slot_of,
    watched,
)
from connectors.redis.node import Node
from connectors.redis.primaries import leaders, split, worst
from connectors.redis.refusal import Lost
from console.model.snapshot import FailureKind

ASKED = Address("10.0.0.9", 7000)
A, B, C, D = (Address(f"10.0.0.{number}", 7000) for number in (1, 2, 3, 4))
NODES = b"""\
aaa 10.0.0.1:7000@17000,one.example master - 0 1 7 connected 0-5460 5462
bbb 10.0.0.2:7000@17000 myself,slave aaa 0 1 7 connected
ccc 10.0.0.3:7000@17000,,tls-port=0,shard-id=x master,fail - 0 1 3 disconnected
ddd 10.0.0.4:7000@17000 master - 0 1 8 connected 5461 5463-16383 [93-<-aaa] [77->-aaa]
eee :0@0 master,noaddr - 0 1 8 disconnected
fff 10.0.0.5:7000@17000 handshake - 0 1 8 connected
"""


def test_a_clusters_nodes_are_shards_and_others() -> None:
    layout = of_cluster(members(NODES, ASKED))
    first, second = layout.shards
    assert (first.primary, first.replicas, first.slots) == (A, (B,), ((0, 5460), (5462, 5462)))
    assert (second.primary, second.slots) == (D, ((5461, 5461), (5463, 16383)))
    assert layout.others == (C,)


def test_names_that_nodes_announce_are_taken_where_certificates_are_checked() -> None:
    (shard, _) = of_cluster(members(NODES, ASKED, by_name=True)).shards
    assert shard.primary == Address("one.example", 7000)


def test_a_node_that_met_nobody_is_where_it_was_asked() -> None:
    (only,) = members(b"aaa :7000@17000 myself,master - 0 0 0 connected 0-16383\n", ASKED)
    assert only.address == Address("10.0.0.9", 7000)


def test_the_owner_of_a_key_has_its_slot() -> None:
    layout = of_cluster(members(NODES, ASKED))
    assert slot_of(b"{x}.a") == slot_of(b"x")
    assert slot_of(b"{}x") != slot_of(b"")  # empty braces are no tag
    assert slot_of(b"foo") == 12182  # as every cluster has it
    assert (layout.owner("seawall:flags"), layout.owner("foo")) == (A, D)
    assert Layout((Shard(A),)).owner("anything") == A
    assert Layout().owner("anything") is None


def test_slots_are_told_by_an_older_word_too() -> None:
    reply = [
        [0, 100, [b"10.0.0.1", 7000, b"aaa", []], [b"10.0.0.2", 7000, b"bbb"]],
        [200, 300, [b"10.0.0.1", 7000, b"aaa", []], [b"10.0.0.2", 7000, b"bbb"]],
        [101, 199, [b"", 7000, b"ddd"]],
        "nonsense",
        [1],
    ]
    layout = of_slots(reply, ASKED)
    assert [(shard.primary, shard.slots) for shard in layout.shards] == [
        (A, ((0, 100), (200, 300))),
        (ASKED, ((101, 199),)),
    ]
    assert layout.shards[0].replicas == (B,)


def said(sentinel: Address, primary: Address, epoch: int, *replicas: Address) -> object:
    master = [b"ip", primary.host.encode(), b"port", b"%d" % primary.port, b"config-epoch", b"%d" % epoch]
    others = [{b"ip": each.host.encode(), b"port": b"%d" % each.port} for each in replicas]  # RESP 3 has maps
    return watched(sentinel, master, others)


def test_the_sentinel_with_the_newest_configuration_is_believed_and_a_difference_is_told() -> None:
    layout = of_sentinels((said(C, A, 4, B), said(D, B, 5, A)))  # type: ignore[arg-type]
    assert layout.shards == (Shard(B, (A,)),)
    assert layout.problems == (
        "Sentinels disagree: 10.0.0.3:7000 says 10.0.0.1:7000, 10.0.0.4:7000 says 10.0.0.2:7000",
    )
    assert of_sentinels((said(C, A, 4, B), said(D, A, 4, B))).problems == ()  # type: ignore[arg-type]


def test_a_promoted_replica_leads_before_it_is_named_unless_two_say_so() -> None:
    layout = Layout((Shard(A, (B, C)),))
    assert settled(layout, [B]).shards == (Shard(B, (A, C)),)
    assert settled(layout, [A, B]) == layout
    assert settled(layout, [B, C]) == layout
    assert settled(layout, []) == layout


@given(st.binary(max_size=200))
def test_nonsense_is_no_layout_and_no_error(raw: bytes) -> None:
    of_cluster(members(raw, ASKED))
    of_cluster(members(b"aaa " + raw, ASKED))
    assert of_slots(raw, ASKED).shards == ()
    assert watched(ASKED, raw, raw) is None


def node(address: Address, role: str = "master", **more: str) -> Node:
    return Node(address, 0.0, {"run_id": "x", "role": role, **more})


@pytest.mark.parametrize(
    ("nodes", "count"),
    [
        ((node(A), node(B, "slave")), 1),
        ((node(A), node(B)), 2),  # the former primary came back and was not told yet
        ((node(A, "slave"), node(B, "slave")), 0),
        ((node(A, loading="1"), node(B, "slave")), 0),
        ((Node(A, failure=Lost(FailureKind.REFUSED, "refused", sent=False)), node(B, "slave")), 0),
        ((Node(A, failure=Lost(FailureKind.TIMED_OUT, "late", sent=True)), node(B, "slave")), None),
        ((Node(A), node(B, "slave")), None),  # it may not tell by INFO
    ],
)
def test_writable_primaries_are_counted_by_what_each_says_of_itself(nodes: tuple[Node, ...], count: int | None) -> None:
    survey = Survey(Layout((Shard(A, (B,)),)), nodes)
    assert worst(split(survey)) == count
    assert leaders(survey) == {A}


def test_a_former_primary_of_a_cluster_counts_only_while_it_takes_writes() -> None:
    layout = Layout((Shard(A, (), ((0, 16383),)),), (B,))
    claim = members(b"bbb 10.0.0.2:7000@1 myself,master - 0 0 3 connected 0-16383\n", B)[0]
    own = members(b"aaa 10.0.0.1:7000@1 myself,master - 0 0 4 connected 0-16383\n", A)[0]

    def writable(state: str) -> int | None:
        old = Node(B, 0.0, {"run_id": "x", "role": "master"}, cluster_state=state)
        return worst(split(Survey(layout, (node(A), old), ((A, own), (B, claim)))))

    assert (writable("ok"), writable("fail")) == (2, 1)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("cache", Address("cache", 6379)),
        ("cache:7000", Address("cache", 7000)),
        ("[::1]:7000", Address("::1", 7000)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse(text) == address
    assert parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "a/b", "me@cache", "cache:port", "cache:70000", "a b\n/"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


def test_an_address_map_goes_by_the_whole_name_or_by_the_host() -> None:
    tunnels = {"10.0.0.1:7000": "127.0.0.1:9001", "10.0.0.2": "gate"}
    assert A.mapped(tunnels) == Address("127.0.0.1", 9001)
    assert B.mapped(tunnels) == Address("gate", 7000)
    assert C.mapped(tunnels) == C


@pytest.mark.parametrize("host", ["\x1b[31m", "a b", "x" * 300, "me@evil", "a/b", "ü"])
def test_a_name_that_can_be_no_hosts_is_not_connected_to(host: str) -> None:
    """Whoever is connected to is sent credentials."""
    line = f"aaa {host}:7000@17000 master - 0 1 7 connected 0-16383".encode()
    assert members(line, ASKED) == ()
    assert of_slots([[0, 100, [host.encode(), 7000]]], ASKED).shards == ()
    assert watched(ASKED, [b"ip", host.encode(), b"port", b"7000"], []) is None
