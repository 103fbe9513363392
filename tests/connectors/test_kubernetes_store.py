"""A store is what the server has, whatever way its lists, events, bookmarks and refusals come."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kubernetes.objects import Workload
from connectors.kubernetes.store import Broken, Gone, Store
from tests.connectors.watched_cluster import deployment


def workload(name: str, version: int) -> Workload:
    import msgspec

    return msgspec.convert(deployment(name, version), Workload)


@dataclass
class Server:
    """What an API server keeps: the objects, and what happened since it last forgot."""

    version: int = 1
    oldest: int = 1
    objects: dict[str, int] = field(default_factory=dict)
    log: list[tuple[int, str, str]] = field(default_factory=list)

    def put(self, name: str) -> None:
        self.version += 1
        self.log.append((self.version, "MODIFIED" if name in self.objects else "ADDED", name))
        self.objects[name] = self.version

    def delete(self, name: str) -> None:
        if name in self.objects:
            self.version += 1
            self.log.append((self.version, "DELETED", name))
            del self.objects[name]

    def listed(self) -> Store:
        return Store(Workload, (workload(name, version) for name, version in self.objects.items()), str(self.version))

    def events(self, since: int) -> list[bytes]:
        if since < self.oldest:
            return [line("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})]
        return [line(type_, deployment(name, version)) for version, type_, name in self.log if version > since]


def line(type_: str, body: Any) -> bytes:
    return json.dumps({"type": type_, "object": body}).encode()


def held(store: Store) -> dict[str, int]:
    return {item.metadata.name: int(item.metadata.resource_version) for item in store.items()}


NAMES = st.sampled_from("abc")
DEEDS = st.one_of(
    st.tuples(st.just("put"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("compact"), st.just("")),
    st.tuples(st.just("bookmark"), st.just("")),
    st.tuples(st.just("follow"), st.integers(0, 4).map(str)),  # so many events arrive, then the stream ends
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DEEDS, max_size=40))
def test_a_store_that_has_caught_up_equals_the_server(deeds: list[tuple[str, str]]) -> None:
    server = Server()
    store = server.listed()
    for deed, what in deeds:
        match deed:
            case "put":
                server.put(what)
            case "delete":
                server.delete(what)
            case "compact":
                server.oldest = server.version
            case "bookmark":
                if int(store.version) == server.version:
                    server.version += 1  # something else happened in the cluster
                    store.follow(line("BOOKMARK", {"metadata": {"resourceVersion": str(server.version)}}))
            case _:
                store = followed(store, server, int(what))
    store = followed(store, server, None)
    assert held(store) == server.objects
    assert store.version == str(server.version) or server.events(int(store.version)) == []


def followed(store: Store, server: Server, most: int | None) -> Store:
    """The store after the next events of a stream, or a new one where the server refuses to go on from it."""
    try:
        for event in server.events(int(store.version))[:most]:
            store.follow(event)
    except Gone:
        return server.listed()
    return store


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"type":"ADDED"}', b'{"type":"ADDED","object":{}}', b"\xff", b'{"type":1,"object":{}}']
)
def test_what_is_no_event_leaves_the_store_as_it_was(text: bytes) -> None:
    store = Store(Workload, [workload("api", 3)], "3")
    with pytest.raises(Broken):
        store.follow(text)
    assert held(store) == {"api": 3}
    assert store.version == "3"


def test_items_come_by_namespace_and_name_whatever_order_they_came_in() -> None:
    store = Store(Workload, [workload("b", 1), workload("a", 2)], "2")
    store.follow(line("ADDED", deployment("0", 3)))
    assert list(held(store)) == ["0", "a", "b"]
