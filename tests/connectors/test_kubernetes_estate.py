"""What is made of the kinds of an estate: daemon sets, rollouts, scaled objects, jobs, budgets, quotas and nodes."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.failure import Failed
from console.model.snapshot import FailureKind
from tests.connectors.kubernetes_objects import (
    Json,
    condition,
    deployment,
    note,
    obj,
    seen,
    selector,
    stamp,
    template,
    values,
)


def test_a_daemon_set_counts_nodes() -> None:
    status = {"desiredNumberScheduled": 5, "numberReady": 4, "numberAvailable": 3, "updatedNumberScheduled": 5}
    one = seen({"daemonsets": [obj("agent", {"selector": selector("agent")}, status | {"numberMisscheduled": 1})]})
    agent = one["daemonset/shop/agent"]
    assert values(agent) == {"desired": 5, "ready": 4, "unavailable": 2, "updated": 5}
    assert (agent.state, agent.notes, agent.facts) == ("Progressing", ("1 on nodes that should not run it",), ())


CANARY = {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": "10m"}}]}}


def rollout(strategy: Json, **status: Any) -> Json:
    counts = {"replicas": 4, "readyReplicas": 4, "availableReplicas": 3, "updatedReplicas": 1}
    spec = {"replicas": 4, "selector": selector("api"), "strategy": strategy, "template": template()}
    return obj("api", spec, {**counts, "observedGeneration": "12", **status})  # its generation is text


def test_a_canary_that_waits() -> None:
    out = {"stableRS": "aaa", "currentPodHash": "bbb", "currentStepIndex": 1, "phase": "Paused"}
    paused = [{"reason": "CanaryPauseStep", "startTime": stamp(60)}]
    api = seen({"rollouts": [rollout(CANARY, **out, pauseConditions=paused)]})["rollout/shop/api"]
    told = {"desired": 4, "ready": 4, "unavailable": 1, "updated": 1}
    assert values(api) == {**told, "canary_weight": 0.2, "canary_step": 1}
    assert (api.state, api.notes) == ("Paused", ("canary step 1/4", "CanaryPauseStep"))
    assert [(fact.name, fact.value) for fact in api.facts] == [("replicas", 4)]


def test_a_canarys_weight_is_the_routers_where_one_tells_it() -> None:
    weights = {"weights": {"canary": {"weight": 35}}}
    out = {"stableRS": "aaa", "currentPodHash": "bbb", "currentStepIndex": 0, "canary": weights}
    assert values(seen({"rollouts": [rollout(CANARY, **out)]})["rollout/shop/api"])["canary_weight"] == 0.35


def test_no_canary_is_out_once_it_is_stable() -> None:
    done = {"stableRS": "bbb", "currentPodHash": "bbb", "currentStepIndex": 4, "phase": "Healthy"}
    api = seen({"rollouts": [rollout(CANARY, **done)]})["rollout/shop/api"]
    assert "canary_weight" not in values(api)
    assert (api.state, api.notes) == ("Healthy", ())


def test_an_aborted_rollout_says_why() -> None:
    out = {"stableRS": "a", "currentPodHash": "b", "abort": True, "phase": "Degraded", "message": "metric failed"}
    api = seen({"rollouts": [rollout(CANARY, **out)]})["rollout/shop/api"]
    assert (api.state, values(api)["canary_weight"]) == ("Aborted", 0.0)
    assert "metric failed" in api.notes


def test_blue_and_green() -> None:
    sides = {"activeSelector": "aaa", "previewSelector": "bbb"}
    out = {"stableRS": "aaa", "currentPodHash": "bbb", "blueGreen": sides}
    api = seen({"rollouts": [rollout({"blueGreen": {"activeService": "api"}}, **out)]})["rollout/shop/api"]
    assert api.notes == ("preview bbb, active aaa",)
    assert "canary_weight" not in values(api)


def scaled(name: str, **annotations: str) -> Json:
    spec = {"scaleTargetRef": {"name": name}, "minReplicaCount": 2, "triggers": [{"type": "kafka"}, {"type": "cron"}]}
    return obj(name, spec, {"conditions": [condition("Ready", "True")]}, annotations=annotations)


@pytest.mark.parametrize(
    ("annotations", "state", "paused"),
    [
        ({}, "", False),
        ({"autoscaling.keda.sh/paused": "true"}, "Paused", True),
        ({"autoscaling.keda.sh/paused-replicas": "0"}, "Paused", 0),
        ({"autoscaling.keda.sh/paused-replicas": "three"}, "", False),
    ],
)
def test_a_scaled_object_and_its_pause(annotations: dict[str, str], state: str, paused: bool | int) -> None:
    found = seen({"scaledobjects": [scaled("workers", **annotations)], "deployments": [deployment("workers")]})
    one = found["scaledobject/shop/workers"]
    facts = {fact.name: fact.value for fact in one.facts}
    assert facts == {"scaledobject.min": 2, "scaledobject.max": 100, "scaledobject.paused": paused}
    assert type(facts["scaledobject.paused"]) is type(paused)
    assert one.state == state
    assert "scales deployment workers on kafka, cron" in one.notes
    # Also without an autoscaler, as at zero pods: what is set there by hand does not last.
    assert found["deployment/shop/workers"].facts[0].owner == "keda workers"


@pytest.mark.parametrize(
    ("plural", "failure", "owner"),
    [
        ("scaledobjects", Failed(FailureKind.FORBIDDEN, "403"), "unknown (autoscalers not readable)"),
        ("scaledobjects", Failed(FailureKind.NOT_FOUND, "404"), ""),
        ("horizontalpodautoscalers", Failed(FailureKind.NOT_FOUND, "404"), "unknown (autoscalers not readable)"),
    ],
)
def test_who_scales_is_unknown_where_it_cannot_be_seen(plural: str, failure: Failed, owner: str) -> None:
    found = seen({"deployments": [deployment("workers")]}, {plural: failure})
    assert found["deployment/shop/workers"].facts[0].owner == owner


def test_a_rollout_owns_the_deployment_that_it_took_over() -> None:
    taken = obj("api", {"workloadRef": {"kind": "Deployment", "name": "old"}})
    found = seen({"rollouts": [taken], "deployments": [deployment("old", 0)]})
    assert found["deployment/shop/old"].facts[0].owner == "rollout api"


def job(name: str, began: float, *conditions: Json, cron: str = "", **status: Any) -> Json:
    owners = [{"kind": "CronJob", "name": cron, "controller": True}] if cron else None
    told = {"startTime": stamp(began), "conditions": list(conditions) or None, **status}
    return obj(name, {"backoffLimit": 6, "completions": 3}, told, ownerReferences=owners)


def test_a_job_that_runs_and_one_that_gave_up() -> None:
    failed = condition("Failed", "True", "BackoffLimitExceeded", ago=120)
    found = seen({"jobs": [job("slow", 90, active=2, succeeded=1, failed=1), job("bad", 600, failed, failed=7)]})
    slow, bad = found["job/shop/slow"], found["job/shop/bad"]
    told = {"active": 2, "succeeded": 1, "failed": 1, "completions": 3, "running_for": 90}
    assert (values(slow), slow.state, slow.notes) == (told, "Running", ("1 failed, 6 allowed",))
    assert (bad.state, bad.notes, values(bad)["running_for"]) == ("Failed", ("BackoffLimitExceeded",), None)


def test_old_jobs_are_left_out_and_the_rest_is_bounded() -> None:
    complete = condition("Complete", "True")
    old = [job(f"old-{number}", 9000, complete, completionTime=stamp(8000)) for number in range(5)]
    new = [job(f"new-{number}", 600, complete, completionTime=stamp(500)) for number in range(300)]
    running = [job("runs", 90_000, active=1)]
    found = seen({"jobs": old + new + running})
    assert len(found) == 200
    assert "job/shop/runs" in found
    assert not any("old" in name for name in found)


def test_a_cron_job_whose_last_run_failed() -> None:
    runs = [
        job("night-2", 7200, condition("Failed", "True", "DeadlineExceeded", ago=7000), cron="night"),
        job("night-1", 90_000, condition("Complete", "True"), cron="night", completionTime=stamp(89_000)),
    ]
    status = {"lastScheduleTime": stamp(7200), "lastSuccessfulTime": stamp(89_000)}
    night = seen({"cronjobs": [obj("night", {"schedule": "0 3 * * *", "timeZone": "UTC"}, status)], "jobs": runs})
    one = night["cronjob/shop/night"]
    assert values(one) == {
        "active": 0,
        "since_start": 7200,
        "overdue": 0,
        "since_success": 89_000,
        "last_failed": 1,
    }
    assert one.notes == ("at 0 3 * * * UTC", "last run failed 117m ago: DeadlineExceeded")
    assert one.state == "Scheduled"


def test_runs_that_pile_up_are_said() -> None:
    status = {"active": [{"name": "night-1"}, {"name": "night-2"}], "lastScheduleTime": stamp(5)}
    one = seen({"cronjobs": [obj("night", {"schedule": "* * * * *"}, status)]})["cronjob/shop/night"]
    assert one.notes == ("at * * * * *", "2 runs at once")


def test_a_cron_job_that_never_ran_is_unknown_and_not_young() -> None:
    one = seen({"cronjobs": [obj("new", {"schedule": "@daily", "suspend": True})]})["cronjob/shop/new"]
    never = {"since_start": None, "since_success": None, "last_failed": None}
    assert values(one) == {"active": 0, "overdue": 0, **never}  # it is suspended
    assert note(one, "since_start") == "never"
    assert one.state == "Suspended"


@pytest.mark.parametrize(
    ("allowed", "healthy", "least", "state", "notes"),
    [
        (2, 5, 3, "Allowed", ()),
        (0, 2, 3, "Blocked", ("2 of 3 healthy: no disruption allowed",)),
        (0, 5, 5, "Blocked", ("never allows a disruption: drains wait for ever",)),
    ],
)
def test_a_disruption_budget(allowed: int, healthy: int, least: int, state: str, notes: tuple[str, ...]) -> None:
    counts = {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": least, "expectedPods": 5}
    one = seen({"poddisruptionbudgets": [obj("api", status={**counts, "observedGeneration": 1})]})["pdb/shop/api"]
    assert values(one) == {"disruptions_allowed": allowed, "healthy": healthy, "healthy_least": least, "expected": 5}
    assert (one.state, one.notes) == (state, notes)


def test_a_budget_that_was_not_looked_at_is_unknown() -> None:
    one = seen({"poddisruptionbudgets": [obj("api", status={"disruptionsAllowed": 0})]})["pdb/shop/api"]
    assert set(values(one).values()) == {None}


def quota(hard: Json, used: Json, **spec: Any) -> Json:
    return obj("limits", spec, {"hard": hard, "used": used})


def test_a_quota_is_as_full_as_its_fullest_resource() -> None:
    hard = {"requests.cpu": "8", "pods": "20", "services.loadbalancers": "0"}
    one = seen({"resourcequotas": [quota(hard, {"requests.cpu": "7600m", "pods": "4", "services.loadbalancers": "0"})]})
    limits = one["quota/shop/limits"]
    assert values(limits) == {"quota_ratio": pytest.approx(0.95)}
    assert note(limits, "quota_ratio") == "requests.cpu 7600m of 8"
    assert limits.notes == ("requests.cpu 7600m of 8",)


def test_a_quota_that_was_not_counted_yet_is_unknown() -> None:
    assert values(seen({"resourcequotas": [quota({}, {})]})["quota/shop/limits"]) == {"quota_ratio": None}


@pytest.mark.parametrize(
    ("resources", "hard", "used", "pods"),
    [
        ({"requests": {"cpu": "500m"}}, {"requests.cpu": "8"}, {"requests.cpu": "6900m"}, 2),
        ({"requests": {"cpu": "500m"}}, {"pods": "5", "requests.cpu": "8"}, {"pods": "5", "requests.cpu": "1"}, 0),
        ({"limits": {"memory": "1Gi"}}, {"requests.memory": "4Gi"}, {"requests.memory": "1Gi"}, 3),
        ({"requests": {"cpu": "100m"}}, {"requests.cpu": "1"}, {"requests.cpu": "700m"}, 3),
    ],
)
def test_how_many_more_pods_a_quota_lets_in(resources: Json, hard: Json, used: Json, pods: int) -> None:
    api = deployment("api", template=template(**resources))
    one = seen({"deployments": [api], "resourcequotas": [quota(hard, used)]})["deployment/shop/api"]
    assert values(one)["quota_room"] == pods
    assert ("no quota left" in one.notes) is (pods == 0)


def test_a_scoped_quota_says_nothing_of_a_workloads_room() -> None:
    full = quota({"pods": "1"}, {"pods": "1"}, scopes=["BestEffort"])
    one = seen({"deployments": [deployment("api")], "resourcequotas": [full]})["deployment/shop/api"]
    assert "quota_room" not in values(one)


def node(name: str, *conditions: Json, **spec: Any) -> Json:
    status = {"allocatable": {"cpu": "4", "memory": "8Gi"}, "conditions": list(conditions)}
    return {"metadata": {"name": name}, "spec": spec, "status": status}


def test_nodes_together_and_each() -> None:
    fine = condition("Ready", "True")
    nodes = [
        node("a", fine, condition("MemoryPressure", "True")),
        node("b", condition("Ready", "Unknown", "NodeStatusUnknown")),
        node("c", fine, unschedulable=True),
        node("d", fine),
    ]
    found = seen({"nodes": nodes})
    together = values(found["nodes"])
    assert (together["nodes"], together["nodes_not_ready"], together["nodes_pressured"]) == (4, 1, 1)
    assert together["nodes_cordoned"] == 1
    assert found["nodes"].notes == ("not ready: b", "under pressure: a", "cordoned: c")
    assert {name: found[f"node/{name}"].state for name in "abcd"} == {
        "a": "Ready",
        "b": "NotReady",
        "c": "Ready",
        "d": "Ready",
    }
    assert [values(found[f"node/{name}"])["up"] for name in "abcd"] == [1, 0, 1, 1]
    assert [found[f"node/{name}"].notes for name in "abcd"] == [("MemoryPressure",), ("silent",), ("cordoned",), ()]
    assert together["cpu"] is None  # nobody measures it here


def test_a_node_that_never_reported_is_unknown() -> None:
    found = seen({"nodes": [node("new")]})
    assert (found["node/new"].state, values(found["node/new"])["up"]) == ("Unknown", None)
    assert values(found["nodes"])["nodes_not_ready"] == 1


def test_of_very_many_nodes_the_troubled_are_kept() -> None:
    fine = [node(f"n{number:04}", condition("Ready", "True")) for number in range(600)]
    found = seen({"nodes": [*fine, node("zz", condition("Ready", "False"))]})
    assert "node/zz" in found
    assert len(found) == 501
    assert values(found["nodes"])["nodes"] == 601
