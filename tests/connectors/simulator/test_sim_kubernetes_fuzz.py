"""Whatever a client writes, the server answers and the controllers go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.architecture import architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import protobuf
from connectors.simulator.kubernetes.access import Access
from connectors.simulator.kubernetes.api import Api
from connectors.simulator.kubernetes.controllers import Controllers
from connectors.simulator.kubernetes.departures import Departures
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.identity import Identity, Times
from connectors.simulator.kubernetes.message import Body
from connectors.simulator.kubernetes.metrics import Metrics
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.representation import Form, Representation
from connectors.simulator.kubernetes.request import parse
from connectors.simulator.kubernetes.shop import furnish
from connectors.simulator.kubernetes.store import Store
from tests.connectors.simulator.sim_cluster import JSON_PATCH, MERGE, STRATEGIC, Time, tick

_TARGETS = (
    "/apis/apps/v1/namespaces/shop/deployments/api",
    "/apis/apps/v1/namespaces/shop/deployments/api/status",
    "/apis/apps/v1/namespaces/shop/deployments/api/scale",
    "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api",
    "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api/status",
    "/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers/api",
    "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/api",
    "/api/v1/namespaces/shop/resourcequotas/all",
    "/api/v1/namespaces/shop/services/api",
    "/api/v1/namespaces/shop/configmaps/settings",
    "/api/v1/nodes/node-0",
    "/api/v1/nodes/node-0/status",
    "/api/v1/namespaces/shop",
)
_LEAF = (
    st.none() | st.booleans() | st.integers(-5, 300) | st.sampled_from(["", "api", "25%", "-1%", "²", "1.5", "500m"])
)
_JSON = st.recursive(
    _LEAF,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "type", "app", "cpu", "kind"]), inner, max_size=2)
    ),
    max_leaves=4,
)

LEAK = 4 * 2**20  # bytes a second: a pod runs out of memory in less than a minute


class Bare:
    """A cluster without HTTP."""

    def __init__(self) -> None:
        time = Time()
        times, identity = Times(SimClock(wall=time)), Identity(3)
        store = Store()
        registry = Registry(store, identity, times)
        family = Family(store)
        self.controllers = Controllers(registry, family, "shop")
        self.metrics = Metrics(store, times, self.controllers.memory)
        self.api = Api(registry, Access(), self.metrics, Departures(registry, family), Representation(store))
        furnish(registry, architecture_named("shop"))
        self.call("POST", "/api/v1/namespaces/shop/resourcequotas", {"metadata": {"name": "all"}, "spec": {"hard": {}}})
        self.t = 0
        self.run(60)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.t += 1
            self.metrics.tick = tick(self.t, api=0.9, growth=LEAK)
            self.controllers.step(self.t, self.metrics.tick)

    def call(
        self, method: str, path: str, body: Any = None, media: str = "application/json", table: bool = False
    ) -> Any:
        """The body, or None where it was refused."""
        raw = b"" if body is None else msgspec.json.encode(body)
        try:
            request = parse(method, path, {})
            answer = self.api.answer(request, Body(raw, media), Form("Table") if table else Form())
            return msgspec.json.decode(msgspec.json.encode(answer.body))
        except Refusal:
            return None


def _pointers(value: Any, path: str = "") -> Iterator[str]:
    """Every place of a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _pointers(item, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _merged(path: str, value: Any) -> Any:
    """A merge patch that sets what the pointer names."""
    for step in reversed(path.split("/")[1:]):
        value = [value] if step.isdecimal() else {step.replace("~1", "/"): value}
    return value


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_value_in_any_place_is_answered_and_survived(data: st.DataObject) -> None:
    bare = Bare()
    for _ in range(data.draw(st.integers(1, 3))):
        target = data.draw(st.sampled_from(_TARGETS))
        current = bare.call("GET", target)
        pointer = data.draw(st.sampled_from([*_pointers(current), "/spec/behavior/scaleUp", "/spec/strategy"]))
        value, media = data.draw(_JSON), data.draw(st.sampled_from([MERGE, STRATEGIC, JSON_PATCH]))
        operation = [{"op": "add", "path": pointer, "value": value}]
        bare.call("PATCH", target, operation if media == JSON_PATCH else _merged(pointer, value), media)
        bare.run(20)
        bare.call("GET", target.removesuffix("/status"), table=True)
    bare.run(60)


_HEADS = [
    b"\x0a" + bytes([len(head)]) + head
    for head in (
        b"\x0a\x07apps/v1\x12\x0aDeployment",
        b"\x0a\x02v1\x12\x09ConfigMap",
        b"\x0a\x02v1\x12\x03Pod",
        b"\x0a\x09policy/v1\x12\x08Eviction",
    )
]


@given(st.sampled_from([b"", *_HEADS]), st.binary(max_size=60))
def test_any_bytes_after_the_magic_are_an_object_or_malformed(head: bytes, raw: bytes) -> None:
    message = b"\x12" + bytes([len(raw)]) + raw if head else raw
    try:
        found = protobuf.decoded(protobuf.MAGIC + head + message)
    except protobuf.Malformed:
        return
    assert found["kind"]
    msgspec.json.encode(found)
