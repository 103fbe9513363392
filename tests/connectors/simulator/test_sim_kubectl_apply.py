"""kubectl writing objects as files say them: apply on either side, diff, replace, edit, set. Every version found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.connectors.simulator.sim_cluster import Cluster
from tests.connectors.simulator.sim_kubectl import ENDS, FOUND, VERSIONS, client

pytestmark = FOUND
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 4,
        "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}},
    },
}


def _file(folder: Path, obj: dict[str, Any]) -> str:
    path = folder / "object.json"
    path.write_text(json.dumps(obj))
    return str(path)


@VERSIONS
async def test_a_conflict_names_the_manager_and_its_field(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    await kubectl("patch", "deploy", "web", "-p", '{"spec":{"replicas":3}}')
    apply = ("apply", "--server-side", "-f", _file(tmp_path, WEB))
    refused = await kubectl(*apply, code=1)
    told = 'Apply failed with 1 conflict: conflict with "kubectl-patch" using apps/v1: .spec.replicas'
    assert refused.startswith(f"error: {told}\n")
    assert cluster.wire.workloads()["web"].desired == 3
    assert "(server dry run)" in await kubectl(*apply, "--dry-run=server", "--force-conflicts")
    assert cluster.wire.workloads()["web"].desired == 3
    assert await kubectl(*apply, "--force-conflicts") == "deployment.apps/web serverside-applied\n"
    assert cluster.wire.workloads()["web"].desired == 4
    shown = await kubectl("get", "deploy", "web", "-o", "json", "--show-managed-fields")
    managers = {entry["manager"]: entry for entry in json.loads(shown)["metadata"]["managedFields"]}
    assert "kubectl-patch" not in managers  # who lost its only field is not there any more
    owned = managers["kubectl"]["fieldsV1"]["f:spec"]
    assert owned["f:replicas"] == {}
    assert owned["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}'] == {
        ".": {},
        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:name": {},
    }


@ENDS
async def test_what_a_manager_gives_up_goes(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    apply = ("apply", "--server-side", "--force-conflicts", "-f")
    await kubectl(*apply, _file(tmp_path, {**WEB, "spec": {**WEB["spec"], "replicas": 2}}))
    environment = "jsonpath={.spec.template.spec.containers[0].env}"
    assert json.loads(await kubectl("get", "deploy", "web", "-o", environment)) == [{"name": "A", "value": "1"}]
    await kubectl(*apply, _file(tmp_path, {**WEB, "spec": {"replicas": 2}}))
    assert await kubectl("get", "deploy", "web", "-o", environment) == ""
    assert "shop/web" in await kubectl("get", "deploy", "web", "-o", "jsonpath={..image}")
    other = {**WEB, "metadata": {"name": "web", "labels": {"team": "a"}}, "spec": {"replicas": 5}}
    path = _file(tmp_path, other)
    refused = await kubectl("apply", "--server-side", "--field-manager=other", "-f", path, code=1)
    both = (
        'conflicts with "kubectl":\n- .spec.replicas\nconflicts with "kubectl-create" using apps/v1:\n- .spec.replicas'
    )
    assert f"Apply failed with 2 conflicts: {both}" in refused


@ENDS
async def test_apply_by_the_client_merges_three_ways(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tuned"}, "data": {"a": "1", "b": "2"}}
    path = _file(tmp_path, settings)
    assert await kubectl("diff", "-f", path, code=1) != ""
    assert await kubectl("apply", "-f", path) == "configmap/tuned created\n"
    assert await kubectl("diff", "-f", path) == ""
    assert await kubectl("apply", "-f", path) == "configmap/tuned unchanged\n"
    await kubectl("patch", "cm", "tuned", "--type=merge", "-p", '{"data":{"c":"3"}}')
    path = _file(tmp_path, {**settings, "data": {"a": "9"}})
    assert "-  b: " in await kubectl("diff", "-f", path, code=1)
    assert await kubectl("apply", "-f", path) == "configmap/tuned configured\n"
    assert json.loads(await kubectl("get", "cm", "tuned", "-o", "jsonpath={.data}")) == {"a": "9", "c": "3"}
    assert "tuned" in await kubectl("apply", "view-last-applied", "cm", "tuned")


@ENDS
async def test_replace_edit_and_set(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    (tmp_path / "cm.yaml").write_text((await kubectl("get", "cm", "settings", "-o", "yaml")).replace("info", "warning"))
    assert await kubectl("replace", "-f", "cm.yaml") == "configmap/settings replaced\n"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/warning/debug/ "$1"\n')
    editor.chmod(0o755)
    assert await kubectl("edit", "cm", "settings", EDITOR=str(editor)) == "configmap/settings edited\n"
    assert await kubectl("get", "cm", "settings", "-o", "jsonpath={.data.LOG_LEVEL}") == "debug"
    assert "Conflict" in await kubectl("replace", "-f", "cm.yaml", code=1)
    await kubectl("label", "deploy", "web", "tier=p1")
    await kubectl("annotate", "deploy", "web", "why=because")
    await kubectl("set", "image", "deploy/web", "web=shop/web:9")
    await kubectl("set", "env", "deploy/web", "X=1")
    await kubectl("set", "resources", "deploy/web", "--requests=cpu=150m")
    web = json.loads(await kubectl("get", "deploy", "web", "-o", "json"))
    assert (web["metadata"]["labels"]["tier"], web["metadata"]["annotations"]["why"]) == ("p1", "because")
    (container,) = web["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["env"]) == ("shop/web:9", [{"name": "X", "value": "1"}])
    assert container["resources"]["requests"] == {"cpu": "150m", "memory": "64Mi"}


@ENDS
async def test_a_field_that_is_none_is_refused_by_name(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    kubectl = client(cluster, tmp_path, binary)
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}, "dat": {"a": "1"}}
    path = _file(tmp_path, wrong)
    assert 'strict decoding error: unknown field "dat"' in await kubectl("create", "-f", path, code=1)
    assert ".dat: field not declared in schema" in await kubectl("apply", "--server-side", "-f", path, code=1)
    assert 'Warning: unknown field "dat"' in await kubectl("create", "--validate=warn", "-f", path)


@ENDS
async def test_a_kind_that_is_not_served_is_said_to_be_missing(cluster: Cluster, tmp_path: Path, binary: Path) -> None:
    (tmp_path / "other.yaml").write_text(json.dumps({"apiVersion": "no/v1", "kind": "No", "metadata": {"name": "x"}}))
    refused = await client(cluster, tmp_path, binary)("apply", "-f", "other.yaml", code=1)
    assert 'no matches for kind "No" in version "no/v1"' in refused
