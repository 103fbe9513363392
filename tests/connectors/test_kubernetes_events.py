"""Warning events, gathered onto the workloads that they are about by the names of their pods."""

from __future__ import annotations

import pytest

from console.model.snapshot import Observed
from tests.connectors.kubernetes_objects import Json, condition, deployment, obj, seen, selector, stamp, values, warning


def estate(*events: Json) -> dict[str, Observed]:
    sets = [obj("db", {"selector": selector("db"), "replicas": 3})]
    node = {"metadata": {"name": "n1"}, "status": {"conditions": [condition("Ready", "True")]}}
    return seen(
        {
            "deployments": [deployment("api"), deployment("api-canary")],
            "statefulsets": sets,
            "daemonsets": [obj("logs", {"selector": selector("logs")})],
            "jobs": [obj("load", {}, {"active": 1})],
            "cronjobs": [obj("night", {"schedule": "@daily"})],
            "nodes": [node],
            "events": list(events),
        }
    )


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        ("Pod", "api-7c9f8b6d5-x2k4q", "deployment/shop/api"),
        ("Pod", "api-canary-7c9f8b6d5-x2k4q", "deployment/shop/api-canary"),
        ("Pod", "db-2", "statefulset/shop/db"),
        ("Pod", "logs-x2k4q", "daemonset/shop/logs"),
        ("Pod", "load-x2k4q", "job/shop/load"),
        ("Pod", "night-29012345-x2k4q", "cronjob/shop/night"),
        ("Job", "night-29012345", "cronjob/shop/night"),
        ("ReplicaSet", "api-7c9f8b6d5", "deployment/shop/api"),
        ("Deployment", "api", "deployment/shop/api"),
        ("CronJob", "night", "cronjob/shop/night"),
        ("Node", "n1", "node/n1"),
    ],
)
def test_a_warning_comes_to_whom_it_is_about(kind: str, name: str, owner: str) -> None:
    found = estate(warning(kind, name, "BackOff", "Back-off restarting failed container"))
    told = {name for name, one in found.items() if "warnings" in values(one)}
    assert told == {owner}
    assert values(found[owner])["warnings"] == 1
    assert "BackOff ×1, 30s ago" in found[owner].notes


@pytest.mark.parametrize("length", [46, 47, 52, 57, 58, 60])
def test_a_pods_name_that_was_cut_still_tells_its_deployment(length: int) -> None:
    name = "a" * length
    made = f"{name}-7c9f8b6d5f-"[:58] + "x2k4q"  # as the API server generates it
    events = [warning("Pod", made, "BackOff")]
    found = seen({"deployments": [deployment(name), deployment("a" * 40), deployment("b" * length)], "events": events})
    assert {key for key, one in found.items() if "warnings" in values(one)} == {f"deployment/shop/{name}"}


@pytest.mark.parametrize("name", ["other-7c9f8b6d5-x2k4q", "api", "api-x2k4q", "db-two", "x" * 70_000])
def test_a_warning_about_something_else_is_nobodys(name: str) -> None:
    found = estate(warning("Pod", name, "BackOff"))
    assert not any("warnings" in values(one) for one in found.values())


def test_reasons_are_counted_and_old_ones_left_out() -> None:
    pods = [f"api-7c9f8b6d5-x2k4{letter}" for letter in "bcd"]
    events = [warning("Pod", pod, "BackOff", ago=10.0 * number) for number, pod in enumerate(pods, 1)]
    events.append(warning("Pod", pods[0], "Unhealthy", ago=601))
    events.append(warning("Pod", pods[0], "FailedScheduling", "0/4 nodes are available: 4 Insufficient cpu.", ago=120))
    api = estate(*events)["deployment/shop/api"]
    assert values(api)["warnings"] == 4
    assert api.notes == (
        "BackOff ×3, 10s ago",
        "FailedScheduling ×1, 2m ago: 0/4 nodes are available: 4 Insufficient cpu.",
    )


def test_an_event_of_the_newer_form_has_its_time_in_its_series() -> None:
    told = warning("Pod", "db-0", "Unhealthy", lastTimestamp=None, eventTime=stamp(900))
    assert "warnings" not in values(estate(told)["statefulset/shop/db"])
    repeated = {**told, "series": {"count": 40, "lastObservedTime": stamp(20)}}
    assert values(estate(repeated)["statefulset/shop/db"])["warnings"] == 1


def test_a_long_and_hostile_message_is_cut() -> None:
    message = "\x1b[31m[bold]exceeded\u202e quota" + "x" * 70_000
    events = [warning("ReplicaSet", "api-7c9f8b6d5", "FailedCreate", message)]
    (said,) = estate(*events)["deployment/shop/api"].notes
    assert len(said) < 250
    assert said.isprintable()
