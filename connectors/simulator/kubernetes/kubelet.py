"""Scheduler and kubelet in one: binds pods to nodes, starts them after 20 to 60 s, and lets them end.

Start-up takes what a real service takes to pull, boot and pass its readiness probe. After that a pod is cold for
another 20 s (caches, compilers): it works, at half speed, which the traffic model asks for. Containers that end and
start anew in a pod take as long again.
"""

from __future__ import annotations

import heapq

from connectors.simulator.kubernetes.conditions import condition, settled
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.store import Commit

START_SECONDS = (20, 60)
STOP_SECONDS = (1, 5)  # what the process takes after SIGTERM, within its grace period
COLD_SECONDS = 20

_Due = tuple[float, int, str, str, str]  # (when, order, namespace, name, uid)


class Kubelet:
    """Acts on pods when their time has come."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._new: list[Object] = []
        self._due: list[_Due] = []
        self._order = 0
        self._warm: dict[str, float] = {}  # pod uid -> simulated second at which it is warm
        registry.store.listen(self._saw)

    def step(self, t: float) -> None:
        """Binds what is new, then starts and removes what is due at ``t``."""
        new, self._new = self._new, []
        for pod in new:
            self._bind(pod, t)
        while self._due and self._due[0][0] <= t:
            _, _, namespace, name, uid = heapq.heappop(self._due)
            pod = self._registry.store.get(POD, namespace, name) or {}
            if dig(pod, "metadata", "uid") == uid:
                self._settle(pod, t)

    def idle(self, t: float) -> bool:
        return not self._new and not (self._due and self._due[0][0] <= t)

    def is_cold(self, pod: Object, t: float) -> bool:
        """Ready for less than 20 s."""
        return t < self._warm.get(pod["metadata"]["uid"], t)

    def next_warm(self, t: float) -> float:
        """When the next cold pod becomes warm; infinity where there is none."""
        return min((at for at in self._warm.values() if at > t), default=float("inf"))

    def _saw(self, commit: Commit) -> None:
        if commit.kind is not POD:
            return
        pod = commit.last
        if commit.after is None:
            self._warm.pop(pod["metadata"]["uid"], None)
        elif commit.before is None:
            self._new.append(pod)
        elif "deletionTimestamp" in pod["metadata"] and "deletionTimestamp" not in commit.before["metadata"]:
            grace = int(pod["metadata"]["deletionGracePeriodSeconds"])
            self._later(pod, self._registry.times.now(), min(grace, self._draw(pod, "stop", STOP_SECONDS)))

    def _later(self, pod: Object, t: float, seconds: float) -> None:
        self._order += 1
        heapq.heappush(self._due, (t + seconds, self._order, namespace_of(pod), name_of(pod), pod["metadata"]["uid"]))

    def _draw(self, pod: Object, purpose: str, bounds: tuple[int, int]) -> int:
        return self._registry.identity.seconds(f"{purpose}/{dig(pod, 'metadata', 'generateName', default='')}", *bounds)

    def _bind(self, pod: Object, t: float) -> None:
        current = self._registry.store.get(POD, namespace_of(pod), name_of(pod))
        nodes = self._registry.store.of(NODE)
        if current is None or not nodes:
            return
        node = nodes[self._registry.identity.seconds("node", 0, len(nodes) - 1)]
        placed = {**current, "metadata": dict(current["metadata"])}
        placed["spec"] = {"nodeName": name_of(node), **current["spec"]}
        placed["status"] = self._creating(placed, _address(node))
        self._registry.store.put(POD, placed)
        self._later(placed, t, self._draw(pod, "start", START_SECONDS))

    def restart(self, pod: Object, t: float, reason: str, code: int) -> None:
        """Its containers ended with this exit code and start anew in the same pod; until they have, it is not ready."""
        stamp = self._registry.times.stamp()
        status = {
            **pod["status"],
            "conditions": settled(pod, _conditions(False), stamp),
            "containerStatuses": [_again(item, pod, reason, code, stamp) for item in pod["spec"]["containers"]],
        }
        self._registry.set_status(POD, pod, status)
        self._later(pod, t, self._draw(pod, "restart", START_SECONDS))

    def _settle(self, pod: Object, t: float) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            self._registry.store.remove(POD, namespace_of(pod), name_of(pod))
        elif not is_ready(pod):
            self._warm[pod["metadata"]["uid"]] = t + COLD_SECONDS
            self._registry.set_status(POD, pod, self._running(pod))

    def _creating(self, pod: Object, host: str) -> Object:
        stamp = self._registry.times.stamp()
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        return {
            "phase": "Pending",
            "qosClass": "Burstable",
            "hostIP": host,
            "startTime": stamp,
            "conditions": settled(pod, _conditions(False), stamp),
            "containerStatuses": [_container(item, waiting, False, {}) for item in pod["spec"]["containers"]],
        }

    def _running(self, pod: Object) -> Object:
        stamp = self._registry.times.stamp()
        address = dig(pod, "status", "podIP") or self._free_address()
        return {
            **pod["status"],
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": settled(pod, _conditions(True), stamp),
            "containerStatuses": [_up(item, pod, stamp) for item in pod["spec"]["containers"]],
        }

    def _free_address(self) -> str:
        high, low = self._registry.identity.seconds("ip", 0, 255), self._registry.identity.seconds("ip", 1, 254)
        return f"10.244.{high}.{low}"


def _address(node: Object) -> str:
    addresses = dig(node, "status", "addresses", default=[])
    return next((str(item.get("address", "")) for item in addresses if item.get("type") == "InternalIP"), "")


def _conditions(ready: bool) -> list[Object]:
    reason = "" if ready else "ContainersNotReady"
    return [
        condition("PodScheduled", True),
        condition("Initialized", True),
        condition("ContainersReady", ready, reason),
        condition("Ready", ready, reason),
    ]


def _up(spec: Object, pod: Object, stamp: str) -> Object:
    """A container that has passed its probes: running from now on, or since its restart."""
    before = _status_of(pod, spec)
    running = dig(before, "state", "running", default={"startedAt": stamp})
    return _container(spec, {"running": running}, True, before)


def _again(spec: Object, pod: Object, reason: str, code: int, stamp: str) -> Object:
    """A container that ended now and was started again at once."""
    before = _status_of(pod, spec)
    began = dig(before, "state", "running", "startedAt", default=stamp)
    end = {"reason": reason, "exitCode": code, "startedAt": began, "finishedAt": stamp}
    past = {"restartCount": before.get("restartCount", 0) + 1, "lastState": {"terminated": end}}
    return _container(spec, {"running": {"startedAt": stamp}}, False, past)


def _status_of(pod: Object, spec: Object) -> Object:
    statuses: list[Object] = dig(pod, "status", "containerStatuses", default=[])
    return next((item for item in statuses if item.get("name") == spec["name"]), {})


def _container(spec: Object, state: Object, ready: bool, before: Object) -> Object:
    """A container's status; its restarts and its last end are as they were ``before``."""
    image, up = str(spec["image"]), "running" in state
    started = {"containerID": f"containerd://{spec['name']}"} if up else {}
    return {
        "name": spec["name"],
        "image": image,
        "imageID": f"{image}@sha256:simulated" if up else "",
        "ready": ready,
        "started": up,
        "restartCount": before.get("restartCount", 0),
        "state": state,
        "lastState": before.get("lastState", {}),
        **started,
    }
