"""What others wrote into a cluster: any text, of any length, in any place; and what real servers leave out."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kubernetes.inquiry import LONGEST
from connectors.kubernetes.logs import WIDTH
from connectors.kubernetes.resources import READ, Resource
from tests.connectors.few_pods import EVIL, RUNNING, FewPods, inspected
from tests.connectors.kubernetes_objects import Json, condition, deployment, obj, seen, warning

LEAST: dict[str, Json] = {
    "Deployment": {"selector": {}},
    "StatefulSet": {"selector": {}},
    "DaemonSet": {"selector": {}},
    "HorizontalPodAutoscaler": {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 3},
    "ScaledObject": {"scaleTargetRef": {"name": "a"}},
}
"""What a kind's definition requires of its spec."""

EMPTY = ("labels", "annotations", "ownerReferences", "managedFields", "creationTimestamp")
LISTS = (
    "conditions",
    "currentMetrics",
    "pauseConditions",
    "containerStatuses",
    "steps",
    "triggers",
    "scopes",
)


@pytest.mark.parametrize("resource", READ, ids=lambda resource: resource.name)
@pytest.mark.parametrize("nulls", [False, True])
def test_the_least_that_a_server_sends_of_each_kind(resource: Resource, nulls: bool) -> None:
    empty = dict.fromkeys(EMPTY) if nulls else {}
    status = dict.fromkeys(LISTS) if nulls else {}
    spec = {**LEAST.get(resource.kind, {}), **(dict.fromkeys(("template",)) if nulls else {})}
    one = {"metadata": {"name": "a", "namespace": "shop", **empty}, "spec": spec, "status": status, "new": {"field": 1}}
    if resource.kind in ("NodeMetrics", "Event"):
        msgspec.json.decode(json.dumps(one), type=resource.type)
        return
    found = seen({resource.plural: [one]})
    assert any(name.endswith("/a") for name in found)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_becomes_a_short_printable_note(text: str) -> None:
    troubled = deployment("api")
    troubled["status"]["conditions"] = [condition("ReplicaFailure", "True", text, text)]
    failed = obj("load", status={"conditions": [condition("Failed", "True", text, text)]})
    found = seen(
        {
            "deployments": [troubled],
            "jobs": [failed],
            "cronjobs": [obj("night", {"schedule": text, "timeZone": text})],
            "rollouts": [obj("out", status={"phase": "Degraded", "message": text, "stableRS": "a"})],
            "scaledobjects": [obj("so", {"scaleTargetRef": {"name": text}, "triggers": [{"type": text}]})],
            "events": [warning("Deployment", "api", "FailedCreate", text), warning("Deployment", "api", text, text)],
        }
    )
    for one in found.values():
        for note in (*one.notes, one.state, *(fact.owner for fact in one.facts)):
            assert len(note) <= 250
            assert note.isprintable()


def test_text_of_seventy_thousand_characters_everywhere() -> None:
    metadata = {"labels": {"argocd.argoproj.io/instance": EVIL}, "annotations": {"meta.helm.sh/release-name": EVIL}}
    api = {**deployment("api"), "metadata": {"name": "api", "namespace": "shop", **metadata}}
    full = obj("limits", status={"hard": {EVIL: "1", "pods": EVIL}, "used": {EVIL: "1", "pods": EVIL}})
    found = seen(
        {
            "deployments": [api],
            "resourcequotas": [full],
            "events": [warning("Pod", EVIL, EVIL, EVIL), warning("Deployment", "api", EVIL, EVIL)],
            "nodes": [{"metadata": {"name": "n"}, "status": {"conditions": [condition(EVIL, EVIL, EVIL, EVIL)]}}],
        }
    )
    texts = [text for one in found.values() for text in (*one.notes, *(signal.note for signal in one.signals))]
    texts += [fact.owner for one in found.values() for fact in one.facts]
    assert texts
    assert max(map(len, texts)) <= 250
    assert all(text.isprintable() for text in texts)


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        (b"", ["it has printed nothing"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"\xff\xfe bytes\r\n\n", ["\ufffd\ufffd bytes", ""]),
        (b"x" * 300_000 + b"\n", ["x" * (WIDTH - 1) + "…"]),
        (b"\x1b[2J\x00\n", ["\x1b[2J\x00"]),  # data: made inert where it is shown
    ],
)
async def test_a_log_is_whatever_a_program_printed(log: bytes, lines: list[str], tmp_path: Path) -> None:
    answer = await inspected(FewPods(log, RUNNING), tmp_path, "kubernetes/pod/shop/p")
    assert [row[3] for row in answer.rows if row[0].startswith("log")] == lines


async def test_a_log_is_at_most_a_hundred_lines(tmp_path: Path) -> None:
    answer = await inspected(FewPods(b"line\n" * 5000, RUNNING), tmp_path, "kubernetes/pod/shop/p")
    assert len([row for row in answer.rows if row[0].startswith("log")]) == 100


async def test_a_pod_of_hostile_texts(tmp_path: Path) -> None:
    ended = {"terminated": {"exitCode": 1, "reason": EVIL, "message": EVIL, "finishedAt": EVIL}}
    status = {"name": EVIL, "state": {"waiting": {"reason": EVIL, "message": EVIL}}, "lastState": ended}
    pod = {"status": {"phase": EVIL, "reason": EVIL, "message": EVIL, "containerStatuses": [status]}}
    answer = await inspected(FewPods(b"", pod), tmp_path, "kubernetes/pod/shop/p")
    cells = [text for row in answer.rows for text in row] + list(answer.extra.values())
    assert max(map(len, cells)) <= LONGEST


async def test_a_table_of_hostile_rows_is_bounded(tmp_path: Path) -> None:
    answer = await inspected(FewPods(rows=110), tmp_path, "kubernetes/deployment/shop/api")
    assert (len(answer.rows), answer.more) == (100, 10)
    assert all(len(text) <= LONGEST for row in answer.rows for text in row)
