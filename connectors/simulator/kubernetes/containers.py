"""The status of a pod's containers, state by state, as the kubelet writes it. Pure: each makes a status of a pod."""

from __future__ import annotations

import hashlib

from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.objects import Object, dig

_UNREADY = "ContainersNotReady"


def creating(pod: Object, host: str, stamp: str) -> Object:
    """Bound to a node, and pulling its images."""
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    return {
        "phase": "Pending",
        "qosClass": quality(pod),
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "startTime": stamp,
        "conditions": settled(pod, _conditions(pod, ready=False), stamp),
        "containerStatuses": [_container(pod, item, waiting) for item in pod["spec"]["containers"]],
    }


def waiting(pod: Object, reason: str, message: str, stamp: str) -> Object:
    """Its containers wait: for an image, or for the end of a back-off."""
    state = {"waiting": {"reason": reason, "message": message}}
    return _changed(pod, state, stamp, ready=False)


def started(pod: Object, address: str, stamp: str, restart: bool = False) -> Object:
    """Its processes run from now on; the probes have not passed yet."""
    state = {"running": {"startedAt": stamp}}
    status = _changed(pod, state, stamp, ready=False, restarts=int(restart))
    return {**status, "phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}


def ready(pod: Object, stamp: str) -> Object:
    """It has passed its probes."""
    conditions = settled(pod, _conditions(pod, ready=True), stamp)
    statuses = [{**item, "ready": True, "started": True} for item in _statuses(pod)]
    return {**pod["status"], "conditions": conditions, "containerStatuses": statuses}


def ended(pod: Object, reason: str, code: int, stamp: str) -> Object:
    """Its processes have ended with this exit code; the end is its last state, too, from the restart on."""
    began = next((dig(item, "state", "running", "startedAt", default=stamp) for item in _statuses(pod)), stamp)
    end = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": stamp}
    return _changed(pod, {"terminated": end}, stamp, ready=False)


def over(pod: Object, phase: str, stamp: str) -> Object:
    """An ended pod that is not started again."""
    why = "PodCompleted" if phase == "Succeeded" else "PodFailed"
    conditions = settled(pod, _conditions(pod, ready=False, reason=why, initialized=why), stamp)
    return {**pod["status"], "phase": phase, "conditions": conditions}


def unscheduled(pod: Object, message: str, stamp: str) -> Object:
    """No node will have it."""
    found = [condition("PodScheduled", False, "Unschedulable", message)]
    return {"phase": "Pending", "qosClass": quality(pod), "conditions": settled(pod, found, stamp)}


def unreachable(pod: Object, stamp: str) -> Object:
    """Its node has stopped reporting: nobody knows, and no traffic is sent there."""
    kept = [item for item in dig(pod, "status", "conditions", default=[]) if item.get("type") != "Ready"]
    lost = settled(pod, [condition("Ready", False, "NodeNotReady")], stamp)
    return {**pod["status"], "conditions": [*lost, *kept]}


def quality(pod: Object) -> str:
    """Its QoS class: Guaranteed where every limit equals its request, BestEffort where there is neither."""
    found = [item.get("resources") or {} for item in pod["spec"]["containers"]]
    if not any(item.get("requests") or item.get("limits") for item in found):
        return "BestEffort"
    sure = all(
        set(item.get("limits", {})) >= {"cpu", "memory"} and item.get("requests", item["limits"]) == item["limits"]
        for item in found
    )
    return "Guaranteed" if sure else "Burstable"


def _changed(pod: Object, state: Object, stamp: str, *, ready: bool, restarts: int = 0) -> Object:
    statuses = [_container(pod, item, state, restarts) for item in pod["spec"]["containers"]]
    conditions = settled(pod, _conditions(pod, ready=ready), stamp)
    return {**pod["status"], "conditions": conditions, "containerStatuses": statuses}


def _conditions(pod: Object, *, ready: bool, reason: str = _UNREADY, initialized: str = "") -> list[Object]:
    names = " ".join(str(item["name"]) for item in pod["spec"]["containers"])
    why = () if ready else (reason, f"containers with unready status: [{names}]" if reason == _UNREADY else "")
    return [
        condition("Initialized", True, initialized),
        condition("Ready", ready, *why),
        condition("ContainersReady", ready, *why),
        condition("PodScheduled", True),
    ]


def _statuses(pod: Object) -> list[Object]:
    statuses: list[Object] = dig(pod, "status", "containerStatuses", default=[])
    return statuses


def _status_of(pod: Object, spec: Object) -> Object:
    return next((item for item in _statuses(pod) if item.get("name") == spec["name"]), {})


def _container(pod: Object, spec: Object, state: Object, restarts: int = 0) -> Object:
    """One container's status. An end that it leaves behind becomes its last state."""
    before = _status_of(pod, spec)
    image, running = str(spec["image"]), "running" in state
    past = before.get("state", {})
    made = running or "terminated" in state or restarts
    return {
        "name": spec["name"],
        "image": image,
        "imageID": _image_id(image) if made or before.get("imageID") else "",
        "ready": False,
        "started": False,
        "restartCount": before.get("restartCount", 0) + restarts,
        "state": state,
        "lastState": past if "terminated" in past and state is not past else before.get("lastState", {}),
        **({"containerID": _container_id(pod, spec, before, restarts)} if made else {}),
    }


def _image_id(image: str) -> str:
    repository = image.rsplit(":", 1)[0] if ":" in image.rsplit("/", 1)[-1] else image
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _container_id(pod: Object, spec: Object, before: Object, restarts: int) -> str:
    text = f"{pod['metadata'].get('uid')}/{spec['name']}/{before.get('containerID', '')}/{restarts}"
    known = str(before.get("containerID", ""))
    return known if known and not restarts else f"containerd://{hashlib.sha256(text.encode()).hexdigest()}"
