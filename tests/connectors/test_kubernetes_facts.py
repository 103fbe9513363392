"""Facts and marks of Kubernetes objects, as pure patches: what is set can be read, what is undone is as it was."""

from __future__ import annotations

import copy
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kubernetes.facts import BadFact, raw_before, restore_patch, same, spec_patch, value_of
from connectors.kubernetes.marks import Entry, UnreadableMarks, decode, encode, find, marks_of
from connectors.kubernetes.objects import Autoscaler, Requirement, Selector, Workload, selector_text
from console.model.change import FactValue
from tests.connectors.small_cluster import Json, autoscaler, deployment, merge

POLICY = {"type": "Percent", "value": 50, "periodSeconds": 60}
OWN = {
    "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [POLICY]},
    "scaleDown": {"stabilizationWindowSeconds": 600, "selectPolicy": "Min", "policies": [POLICY]},
}
FROZEN = {"scaleUp": OWN["scaleUp"], "scaleDown": {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}}


def hpa(document: Json) -> Autoscaler:
    return msgspec.convert(document, Autoscaler)


def with_behavior(behavior: Json | None) -> Json:
    document = autoscaler()
    if behavior is not None:
        document["spec"]["behavior"] = copy.deepcopy(behavior)
    return document


def entry(fact: str, before: FactValue, after: FactValue, document: Json) -> Entry:
    return Entry("r1", "s1", 0, fact, before, after, raw=raw_before(hpa(document), fact))


@pytest.mark.parametrize(
    ("fact", "value"), [("hpa.min", 5), ("hpa.max", 20), ("hpa.cpu", 70), ("hpa.scale_down", "default")]
)
def test_an_autoscalers_facts(fact: str, value: FactValue) -> None:
    assert value_of(hpa(autoscaler()), fact) == value


def test_a_minimum_that_is_left_out_is_one() -> None:
    document = autoscaler()
    del document["spec"]["minReplicas"]
    assert value_of(hpa(document), "hpa.min") == 1


def test_no_cpu_target_is_no_fact_and_cannot_be_set() -> None:
    document = autoscaler()
    document["spec"]["metrics"].pop(0)
    assert value_of(hpa(document), "hpa.cpu") is None
    with pytest.raises(BadFact, match="no CPU"):
        spec_patch(hpa(document), "hpa.cpu", 60)


def test_the_other_metrics_stay_when_the_cpu_target_changes() -> None:
    patch = spec_patch(hpa(autoscaler()), "hpa.cpu", 60)
    assert patch["metrics"][0]["resource"]["target"]["averageUtilization"] == 60
    assert patch["metrics"][1] == autoscaler()["spec"]["metrics"][1]


def test_a_behaviour_that_never_scales_down_is_disabled_whatever_else_it_says() -> None:
    assert value_of(hpa(with_behavior(FROZEN)), "hpa.scale_down") == "disabled"
    assert json.loads(str(value_of(hpa(with_behavior(OWN)), "hpa.scale_down"))) == OWN


def test_disabling_leaves_an_own_scale_up_alone() -> None:
    document = with_behavior(OWN)
    after = merge(document["spec"], spec_patch(hpa(document), "hpa.scale_down", "disabled"))
    assert after["behavior"]["scaleUp"] == OWN["scaleUp"]
    assert after["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"


BEHAVIORS = st.sampled_from([None, OWN, FROZEN, {"scaleDown": OWN["scaleDown"]}, {"scaleUp": {"tolerance": "0.1"}}])
AFTERS = st.sampled_from(["default", "disabled", json.dumps(OWN), json.dumps({"scaleUp": {"selectPolicy": "Max"}})])


@settings(max_examples=60, deadline=None)
@given(behavior=BEHAVIORS, after=AFTERS)
def test_undo_puts_a_behaviour_back_exactly(behavior: Json | None, after: str) -> None:
    document = with_behavior(behavior)
    ours = entry("hpa.scale_down", value_of(hpa(document), "hpa.scale_down"), after, document)
    changed = copy.deepcopy(document)
    changed["spec"] = merge(document["spec"], spec_patch(hpa(document), "hpa.scale_down", after))
    # The API server fills a behaviour in with its defaults, and the mark has travelled as text.
    if "behavior" in changed["spec"]:
        changed["spec"]["behavior"].setdefault("scaleUp", {"selectPolicy": "Max", "policies": [POLICY]})
    (kept,) = decode(encode((ours,)))
    assert merge(changed["spec"], restore_patch(hpa(changed), kept)) == document["spec"]


@settings(max_examples=30, deadline=None)
@given(behavior=BEHAVIORS, after=AFTERS)
def test_what_is_set_is_what_is_read(behavior: Json | None, after: str) -> None:
    document = with_behavior(behavior)
    document["spec"] = merge(document["spec"], spec_patch(hpa(document), "hpa.scale_down", after))
    wanted = after if after in ("default", "disabled") else _compact(after)
    assert value_of(hpa(document), "hpa.scale_down") == wanted


def _compact(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("hpa.min", "5"),
        ("hpa.min", True),
        ("hpa.max", 0),
        ("hpa.cpu", 0.7),
        ("hpa.scale_down", "never"),
        ("hpa.scale_down", 3),
    ],
)
def test_a_value_that_is_none_of_the_fact(fact: str, value: FactValue) -> None:
    with pytest.raises(BadFact):
        spec_patch(hpa(autoscaler()), fact, value)


def test_a_fact_of_another_kind() -> None:
    workload = msgspec.convert(deployment("api"), Workload)
    assert value_of(workload, "replicas") == 4
    with pytest.raises(BadFact):
        value_of(workload, "hpa.max")
    with pytest.raises(BadFact):
        value_of(hpa(autoscaler()), "replicas")


def test_true_is_not_one() -> None:
    assert not same(True, 1)
    assert same(1, 1)


def test_marks_stack_by_fact_and_the_last_takes_the_annotation_with_it() -> None:
    one = Entry("r1", "s1", 0, "hpa.max", 20, 50, 1e9, "spike", "ann")
    two = Entry("r2", "s1", 0, "hpa.max", 50, 100)
    other = Entry("r1", "s1", 1, "hpa.min", 5, 20)
    text = encode((one, other, two))
    assert text is not None
    assert decode(text) == (one, other, two)
    assert [mark.after for mark in marks_of((one, other, two), "hpa.max")] == [50, 100]
    assert find((one, other, two), "r1", "s1", "hpa.min") == other
    assert "raw" not in text
    assert encode(()) is None
    assert decode(None) == ()


@pytest.mark.parametrize("text", ["", "oops", "{}", '[{"run": 1}]', "[3]"])
def test_an_annotation_that_is_not_ours_is_said_to_be_unreadable(text: str) -> None:
    with pytest.raises(UnreadableMarks):
        decode(text)


def test_selectors_as_a_list_takes_them() -> None:
    selector = Selector(
        {"app": "api", "tier": "p0"},
        (
            Requirement("zone", "In", ("a", "b")),
            Requirement("track", "NotIn", ("canary",)),
            Requirement("live", "Exists"),
            Requirement("old", "DoesNotExist"),
        ),
    )
    assert selector_text(selector) == "app=api,tier=p0,zone in (a,b),track notin (canary),live,!old"
