"""Memory that pods leak, one by one, and the kernel that kills what passes its limit.

The traffic model knows a workload's pods only as a number: it says by how much each ready one grew. Which of them is
how far is known here, and here alone. They started on different days and have kept different amounts, so each gets a
head start of its own when it first leaks: they run into their limits one after the other.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, POD, STATEFULSET
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.members import members
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.quantities import bytes_of
from connectors.simulator.kubernetes.store import Commit
from connectors.simulator.tick import Tick, Usage

HEAD_START_KIB = (0, 48 * 1024)
KILLED = 137  # 128 + SIGKILL


class Memory:
    """Leaked bytes by pod. Until something leaks, it does nothing and costs nothing."""

    def __init__(self, plane: Plane, kubelet: Kubelet, namespace: str) -> None:
        self._plane = plane
        self._namespace = namespace
        self._kubelet = kubelet
        self._leaked: dict[str, float] = {}  # pod uid -> bytes
        self.changes = 0  # how often any of it has changed: no commit tells
        plane.registry.store.listen(self._saw)

    def leaked(self, pod: Object) -> float:
        """Bytes since its container started."""
        return self._leaked.get(pod["metadata"]["uid"], 0.0)

    def average(self, pods: list[Object]) -> float:
        """Leaked bytes of a pod, over these."""
        return sum(map(self.leaked, pods)) / len(pods) if pods and self._leaked else 0.0

    @property
    def leaking(self) -> bool:
        """Whether anything has leaked at all."""
        return bool(self._leaked)

    def step(self, t: float, tick: Tick) -> None:
        """Lets the ready pods grow as the last second had them grow, and kills those beyond their limits."""
        for name, used in tick.usage.items():
            if used.growth > 0:
                self._workload(name, used, t)
        if self._leaked:
            self.changes += 1

    def _workload(self, name: str, used: Usage, t: float) -> None:
        for kind in (DEPLOYMENT, STATEFULSET):
            workload = self._plane.registry.store.get(kind, self._namespace, name)
            for pod in members(self._plane.family, workload) if workload else ():
                if is_ready(pod):
                    self._grow(pod, used, t)

    def _grow(self, pod: Object, used: Usage, t: float) -> None:
        uid = pod["metadata"]["uid"]
        known = self._leaked.get(uid)
        self._leaked[uid] = (self._head_start(pod) if known is None else known) + used.growth
        if held(used, self._leaked[uid]) > limit_of(pod):
            self._kill(pod, t)

    def _head_start(self, pod: Object) -> float:
        return self._plane.registry.identity.seconds(f"leak/{name_of(pod)}", *HEAD_START_KIB) * 1024.0

    def _kill(self, pod: Object, t: float) -> None:
        self._leaked[pod["metadata"]["uid"]] = 0.0
        process = pod["spec"]["containers"][0]["name"]
        message = f"Memory cgroup out of memory: killed process in container {process} of {name_of(pod)}"
        self._plane.recorder.say(pod, "kubelet", "OOMKilling", message, kind="Warning")
        self._kubelet.kill(pod, t, "OOMKilled", KILLED)

    def _saw(self, commit: Commit) -> None:
        if commit.kind is POD and commit.after is None:
            self._leaked.pop(commit.last["metadata"]["uid"], None)


def held(used: Usage, leaked: float) -> float:
    """Bytes that a pod holds which has leaked so much: beside that, each of its workload holds the same."""
    return used.memory - used.leaked + leaked


def limit_of(pod: Object) -> float:
    """Bytes that a container of the pod may hold: the least that any of them is given; infinity without a limit."""
    limits = (dig(item, "resources", "limits", "memory", default="") for item in pod["spec"]["containers"])
    return min(map(bytes_of, limits), default=float("inf"))
