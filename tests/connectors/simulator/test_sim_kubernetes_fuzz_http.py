"""Whatever bytes come in, a Status goes out or the connection is closed, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.kubernetes import patch
from connectors.simulator.kubernetes.options import KubernetesOptions
from tests.connectors.simulator.sim_cluster import (
    JSON_PATCH,
    MERGE,
    SHOP_DEPLOYMENTS,
    SHOP_PODS,
    Client,
    Cluster,
    served,
)

API = f"{SHOP_DEPLOYMENTS}/api"
CONFIGMAPS = "/api/v1/namespaces/shop/configmaps"
PROTOBUF = "application/vnd.kubernetes.protobuf"
APPLY = "application/apply-patch+yaml"
PATIENCE = 0.3  # wall seconds
DEADLINE = 10.0
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with served(Cluster(options=KubernetesOptions(patience=PATIENCE))) as client:
        yield client


async def _closed(client: Client, *parts: bytes, drip: float = 0.0) -> bytes:
    """What the server says to these bytes until it closes; ``drip``: wall seconds between them."""
    host, port = client.wire.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(drip)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(DEADLINE):
            return await reader.read()
    finally:
        sending.cancel()
        writer.close()
        await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize("line", [b"", b"GET /api", b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nX-A: "])
async def test_a_request_that_never_ends_is_cut_off(client: Client, line: bytes) -> None:
    assert b"200 OK" not in await _closed(client, line)


async def test_a_head_that_drips_is_cut_off_and_others_are_served(client: Client) -> None:
    head = [b"GET /api/v1/pods HTTP/1.1\r\n", *(b"X-%d: y\r\n" % number for number in range(100))]
    slow = asyncio.create_task(_closed(client, *head, drip=0.05))
    assert (await client.get(API))["kind"] == "Deployment"
    assert b"200 OK" not in await slow


async def test_a_body_that_drips_is_answered_408_and_closed(client: Client) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    said = await _closed(client, head % CONFIGMAPS.encode(), *[b"{"] * 200, drip=0.05)
    assert b" 408 " in said
    assert json.loads(said.partition(b"\r\n\r\n")[2])["reason"] == "Timeout"


@pytest.mark.parametrize("length", [b"99999999999999", b"-1", b"x", b"5000000"])
async def test_absurd_lengths_are_refused(client: Client, length: bytes) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n{}"
    said = await _closed(client, head % (CONFIGMAPS.encode(), length))
    assert said.split()[1] in (b"400", b"413")


async def test_a_body_without_a_length_ends_where_the_limit_is(client: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 65536

    headers = {"Authorization": f"Bearer {client.wire.token}", "Content-Type": "application/json"}
    async with client.session.post(client.wire.url + CONFIGMAPS, data=endless(), headers=headers) as answer:
        assert (answer.status, (await answer.json())["reason"]) == (413, "RequestEntityTooLarge")


async def test_packed_bodies_are_not_unpacked(client: Client) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    code, body = await client.call("POST", CONFIGMAPS, bomb, **{"Content-Encoding": "gzip"})
    assert (code, body["kind"]) == (415, "Status")


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "limit=5&continue=%00",
        "continue=eyJ2IjoxfQ",
        "resourceVersion=x",
        "resourceVersion=-1",
        "resourceVersion=1&resourceVersionMatch=Odd",
        "resourceVersionMatch=Exact",
        "labelSelector=a%3D%3D%3D",
        "labelSelector=%28%28",
        "fieldSelector=a",
        "watch=1&timeoutSeconds=x",
        "watch=1&resourceVersion=x",
    ],
)
async def test_odd_queries_are_bad_requests(client: Client, query: str) -> None:
    code, body = await client.call("GET", f"{SHOP_PODS}?{query}")
    assert (code // 100, body["kind"]) == (4, "Status")


@pytest.mark.parametrize(
    ("method", "media", "raw"),
    [
        ("POST", "application/json", b"[" * 100_000),
        ("POST", "application/json", b'{"metadata":' * 5_000 + b"{}" + b"}" * 5_000),
        ("POST", "application/json", b'{"data":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        ("POST", "application/yaml", b"[" * 20_000),
        ("POST", "application/yaml", BOMB),
        ("POST", "application/yaml", b"a: " + b"x" * 300_000),
        ("POST", "application/yaml", b"? {a: b}\n: c"),
        ("POST", "application/yaml", b"!!python/object:os.system {}"),
        ("PATCH", APPLY, BOMB),
        ("PATCH", APPLY, b"[1]"),
        ("PATCH", APPLY, b'{"spec":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        ("PATCH", MERGE, b'{"spec":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        ("POST", PROTOBUF, b"k8s\x00\x0a\xff\xff\xff\xff\x0f"),
        ("POST", PROTOBUF, b"k8s\x00" + b"\xff" * 11),
        ("DELETE", "application/json", b'{"gracePeriodSeconds": -1}'),
        ("DELETE", "application/json", b'{"gracePeriodSeconds": true}'),
        ("DELETE", "application/json", b'{"propagationPolicy": "Odd"}'),
        ("DELETE", "application/json", b'{"preconditions": [1]}'),
    ],
)
async def test_monstrous_bodies_are_refused(client: Client, method: str, media: str, raw: bytes) -> None:
    path = f"{API}?fieldManager=x" if method == "PATCH" else CONFIGMAPS + ("/settings" if method == "DELETE" else "")
    async with asyncio.timeout(DEADLINE):
        code, body = await client.call(method, path, raw, media)
    assert (code // 100, body["kind"]) == (4, "Status") or method == "DELETE"
    assert code < 500


async def test_patches_that_grow_without_end_are_refused(client: Client) -> None:
    double = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]
    double += [{"op": "copy", "from": "/spec", "path": f"/spec/a{number}"} for number in range(40)]
    for operations in (double, [{"op": "test", "path": "/kind", "value": "Deployment"}] * (patch.MOST_OPERATIONS + 1)):
        code, body = await client.call("PATCH", API, operations, JSON_PATCH)
        assert (code, body["kind"]) == (422, "Status")


_NOISE = st.binary(max_size=40) | st.sampled_from(
    [b"{}", b"[]", b"null", b'{"kind":5}', b'{"metadata":[]}', b"k8s\x00"]
)
_MEDIA = st.sampled_from(["application/json", "application/yaml", PROTOBUF, MERGE, JSON_PATCH, APPLY, "x/y", ""])
_PATHS = st.sampled_from(
    [
        CONFIGMAPS,
        f"{CONFIGMAPS}/settings",
        API,
        f"{API}/scale",
        f"{API}/status",
        f"{SHOP_PODS}/x/eviction",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/api/v1/namespaces",
    ]
)
_METHODS = st.sampled_from(["POST", "PUT", "PATCH", "DELETE"])


@given(st.lists(st.tuples(_METHODS, _PATHS, _MEDIA, _NOISE), min_size=10, max_size=30))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_noise_is_answered_with_less_than_500(requests: list[tuple[str, str, str, bytes]]) -> None:
    async def run() -> list[tuple[Any, int]]:
        async with served(Cluster()) as client:
            codes = [
                (one, (await client.call(one[0], f"{one[1]}?fieldManager=x", one[3], one[2]))[0]) for one in requests
            ]
            assert (await client.call("GET", "/api/v1/nodes"))[0] == 200
            return codes

    assert [told for told in asyncio.run(run()) if told[1] >= 500] == []
