"""The API server's own part, by the same assertions on the simulated one and on a real kube-apiserver. No nodes needed.

Each test has a namespace of its own. What is asserted was read off the real one first.
"""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.connectors.simulator.sim_cluster import JSON_PATCH, MERGE, STRATEGIC, Cluster
from tests.real.kubernetes import a_real_cluster

IMAGE = "registry.k8s.io/pause:3.9"
PROBE = {"httpGet": {"path": "/ready", "port": 8080}}
DEPLOYMENT = {
    "metadata": {"name": "api"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "api"}},
        "template": {
            "metadata": {"labels": {"app": "api"}},
            "spec": {"containers": [{"name": "api", "image": IMAGE, "readinessProbe": PROBE}]},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Server:
    """An API server and a namespace in it."""

    session: aiohttp.ClientSession
    url: str
    tls: ssl.SSLContext | bool
    headers: dict[str, str]
    namespace: str

    async def call(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **more: str
    ) -> tuple[int, Any]:
        """Below the namespace where the path does not begin with a slash: "apps/v1/deployments", "v1/pods"."""
        headers = {**self.headers, "Content-Type": media, **more}
        data = None if body is None else json.dumps(body)
        async with self.session.request(method, self._full(path), data=data, headers=headers, ssl=self.tls) as answer:
            return answer.status, await answer.json(content_type=None)

    async def made(self, path: str, body: Any) -> Any:
        """What was created."""
        code, found = await self.call("POST", path, body)
        assert code == 201, found
        return found

    def _full(self, path: str) -> str:
        if path.startswith("/"):
            return self.url + path
        *group, resource = path.split("/", 1) if path.startswith("v1/") else path.split("/", 2)
        root = "/".join(["api" if len(group) == 1 else "apis", *group])
        return f"{self.url}/{root}/namespaces/{self.namespace}/{resource}"


@pytest.fixture(scope="module")
def real_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with a_real_cluster(tmp_path_factory.mktemp("cluster")) as kubeconfig:
        yield kubeconfig


def _opened(kubeconfig: str) -> tuple[str, ssl.SSLContext, dict[str, str]]:
    """Address, trust and credentials, as the Python client reads them."""
    from kubernetes import config

    found = config.new_client_from_config(kubeconfig).configuration
    tls = ssl.create_default_context(cafile=found.ssl_ca_cert)
    if not found.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if found.cert_file:
        tls.load_cert_chain(found.cert_file, found.key_file)
    bearer = found.get_api_key_with_prefix("authorization") or found.get_api_key_with_prefix("BearerToken")
    return found.host, tls, {"Authorization": bearer} if bearer else {}


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kubernetes"))])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    namespace = f"seawall-test-{secrets.token_hex(4)}"
    wire = Cluster().wire
    async with aiohttp.ClientSession() as session:
        tls: ssl.SSLContext | bool = False
        if request.param == "real":
            url, tls, headers = _opened(request.getfixturevalue("real_cluster"))
        else:
            await wire.start()
            url, headers = wire.url, {"Authorization": f"Bearer {wire.token}"}
        found = Server(session, url, tls, headers, namespace)
        try:
            await found.made("/api/v1/namespaces", {"metadata": {"name": namespace}})
            yield found
            await found.call("DELETE", f"/api/v1/namespaces/{namespace}")
        finally:
            await wire.stop()


async def test_what_a_client_leaves_out_is_filled_in(server: Server) -> None:
    made = await server.made("apps/v1/deployments", DEPLOYMENT)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
    service = await server.made("v1/services", {"metadata": {"name": "api"}, "spec": {"ports": [{"port": 80}]}})
    assert service["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    assert service["spec"]["ipFamilyPolicy"] == "SingleStack"
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": IMAGE}]}
    job = await server.made("batch/v1/jobs", {"metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}})
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]
    assert (job["spec"]["manualSelector"], job["spec"]["backoffLimit"]) == (False, 6)


@pytest.mark.parametrize(
    ("path", "body", "causes"),
    [
        (
            "policy/v1/poddisruptionbudgets",
            {"metadata": {"name": "p"}, "spec": {"minAvailable": 1, "maxUnavailable": 1}},
            [("FieldValueInvalid", "spec")],
        ),
        (
            "policy/v1/poddisruptionbudgets",
            {"metadata": {"name": "p"}, "spec": {"minAvailable": "150%"}},
            [("FieldValueInvalid", "spec.minAvailable")],
        ),
        (
            "v1/configmaps",
            {"metadata": {"name": "c", "labels": {"bad key": "x"}, "annotations": {"-": "x"}}},
            [("FieldValueInvalid", "metadata.labels"), ("FieldValueInvalid", "metadata.annotations")],
        ),
        ("v1/configmaps", {"metadata": {"name": "a..b"}}, [("FieldValueInvalid", "metadata.name")]),
        (
            "autoscaling/v2/horizontalpodautoscalers",
            {
                "metadata": {"name": "h"},
                "spec": {"scaleTargetRef": {"kind": "X", "name": "x"}, "minReplicas": 0, "maxReplicas": 3},
            },
            [("FieldValueInvalid", "spec.minReplicas"), ("FieldValueForbidden", "spec.metrics")],
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_field_by_field(
    server: Server, path: str, body: Any, causes: list[tuple[str, str]]
) -> None:
    code, found = await server.call("POST", path, body)
    assert (code, found["reason"]) == (422, "Invalid")
    assert [(cause["reason"], cause["field"]) for cause in found["details"]["causes"]] == causes


async def test_a_changed_selector_is_refused_in_the_servers_words(server: Server) -> None:
    await server.made("apps/v1/deployments", DEPLOYMENT)
    change = {"spec": {"selector": {"matchLabels": {"app": "zzz"}}}}
    code, found = await server.call("PATCH", "apps/v1/deployments/api", change, STRATEGIC)
    assert (code, [cause["message"] for cause in found["details"]["causes"]]) == (
        422,
        [
            'Invalid value: map[string]string{"app":"api"}: `selector` does not match template `labels`',
            'Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"zzz"}, '
            "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable",
        ],
    )


@pytest.mark.parametrize(
    ("media", "change", "code", "message"),
    [
        (
            JSON_PATCH,
            [{"op": "test", "path": "/data/a", "value": "9"}],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            JSON_PATCH,
            {"op": "remove"},
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (STRATEGIC, "x", 400, "json: cannot unmarshal string into Go value of type map[string]interface {}"),
    ],
)
async def test_a_patch_that_does_not_apply(server: Server, media: str, change: Any, code: int, message: str) -> None:
    await server.made("v1/configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}})
    answered, found = await server.call("PATCH", "v1/configmaps/c", change, media)
    assert (answered, found["message"]) == (code, message)


@pytest.mark.parametrize(
    ("change", "order"),
    [
        ({"containers": [{"name": "log", "image": IMAGE}]}, ["log", "api"]),
        (
            {
                "$setElementOrder/containers": [{"name": "api"}, {"name": "log"}],
                "containers": [{"name": "log", "image": IMAGE}],
            },
            ["api", "log"],
        ),
        (
            {
                "containers": [
                    {"name": "b", "image": IMAGE},
                    {"name": "api", "image": "x"},
                    {"name": "a", "image": IMAGE},
                ]
            },
            ["b", "api", "a"],
        ),
    ],
)
async def test_a_strategic_patch_says_where_containers_stand(server: Server, change: Any, order: list[str]) -> None:
    await server.made("apps/v1/deployments", DEPLOYMENT)
    patch = {"spec": {"template": {"spec": change}}}
    code, found = await server.call("PATCH", "apps/v1/deployments/api", patch, STRATEGIC)
    assert code == 200, found
    assert [item["name"] for item in found["spec"]["template"]["spec"]["containers"]] == order


async def test_a_stale_write_is_a_conflict(server: Server) -> None:
    await server.made("v1/configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}})
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"a": "2"}}
    code, found = await server.call("PATCH", "v1/configmaps/c", stale, MERGE)
    why = "the object has been modified; please apply your changes to the latest version and try again"
    assert (code, found["reason"]) == (409, "Conflict")
    assert found["message"] == f'Operation cannot be fulfilled on configmaps "c": {why}'


async def test_a_page_leads_to_the_next(server: Server) -> None:
    for name in "abc":
        await server.made("v1/configmaps", {"metadata": {"name": f"page-{name}", "labels": {"page": "y"}}})
    names, more = [], ""
    while True:
        code, found = await server.call("GET", f"v1/configmaps?limit=2&labelSelector=page%3Dy&continue={more}")
        assert code == 200, found
        names.append([item["metadata"]["name"] for item in found["items"]])
        more = found["metadata"].get("continue", "")
        if not more:
            break
    assert names == [["page-a", "page-b"], ["page-c"]]


async def test_a_pod_gets_what_its_template_would_not(server: Server) -> None:
    pod: Any = {
        "metadata": {"name": "one", "labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": IMAGE}]},
    }
    await server.made("v1/serviceaccounts", {"metadata": {"name": "runner"}})
    pod["spec"]["serviceAccountName"] = "runner"  # a new namespace's own account may be late
    made = await server.made("v1/pods", pod)
    assert (made["spec"]["enableServiceLinks"], made["spec"]["preemptionPolicy"]) == (True, "PreemptLowerPriority")


async def test_a_pod_that_is_not_there_cannot_be_evicted(server: Server) -> None:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "nope"}}
    code, found = await server.call("POST", "v1/pods/nope/eviction", eviction)
    assert (code, found["message"]) == (404, 'pods "nope" not found')
