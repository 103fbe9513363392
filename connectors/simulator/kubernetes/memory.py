"""Memory that the API pods leak, pod by pod, and the kernel that kills what passes its limit.

The traffic model knows the pods only as a number: it says by how much each ready one grew. Which of them is how far is
known here, and here alone. They started on different days and have kept different amounts, so each gets a head start
of its own when it first leaks: they run into their limits one after the other.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import Family, is_ready
from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.shop import SHOP
from connectors.simulator.kubernetes.store import Commit
from connectors.simulator.tick import Tick, Usage

LEAKING = "api"  # the deployment that the model's leak is in
HEAD_START_KIB = (0, 48 * 1024)
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Memory:
    """Leaked bytes by pod. Until something leaks, it does nothing and costs nothing."""

    def __init__(self, registry: Registry, family: Family, kubelet: Kubelet, recorder: Recorder) -> None:
        self._registry = registry
        self._family = family
        self._kubelet = kubelet
        self._recorder = recorder
        self._leaked: dict[str, float] = {}  # pod uid -> bytes
        self.changes = 0  # how often any of it has changed: no commit tells
        registry.store.listen(self._saw)

    def leaked(self, pod: Object) -> float:
        """Bytes since its container started."""
        return self._leaked.get(pod["metadata"]["uid"], 0.0)

    def step(self, t: float, tick: Tick) -> None:
        """Lets the ready pods grow as the last second had them grow, and kills those beyond their limits."""
        used = tick.usage_of(LEAKING)
        if not self._leaked and used.growth <= 0:
            return
        self.changes += 1
        deployment = self._family.deployment(SHOP, LEAKING)
        for pod in self._family.pods(deployment) if deployment else ():
            if is_ready(pod):
                self._grow(pod, used, t)

    def _grow(self, pod: Object, used: Usage, t: float) -> None:
        uid = pod["metadata"]["uid"]
        known = self._leaked.get(uid)
        self._leaked[uid] = (self._head_start(pod) if known is None else known) + used.growth
        if held(used, self._leaked[uid]) > limit_of(pod):
            self._kill(pod, t)

    def _head_start(self, pod: Object) -> float:
        return self._registry.identity.seconds(f"leak/{name_of(pod)}", *HEAD_START_KIB) * 1024.0

    def _kill(self, pod: Object, t: float) -> None:
        self._leaked[pod["metadata"]["uid"]] = 0.0
        self._kubelet.restart(pod, t, "OOMKilled", 137)
        message = f"Memory cgroup out of memory: killed container {LEAKING}"
        self._recorder.say(pod, "kubelet", "OOMKilling", message, kind="Warning")

    def _saw(self, commit: Commit) -> None:
        if commit.kind is POD and commit.after is None:
            self._leaked.pop(commit.last["metadata"]["uid"], None)


def held(used: Usage, leaked: float) -> float:
    """Bytes that an API pod holds which has leaked so much: beside that, each holds the same."""
    return used.memory - used.leaked + leaked


def limit_of(pod: Object) -> float:
    """Bytes that a container of the pod may hold: the least that any of them is given; infinity without a limit."""
    limits = (dig(item, "resources", "limits", "memory", default="") for item in pod["spec"]["containers"])
    return min(map(bytes_of, limits), default=float("inf"))


def bytes_of(quantity: object) -> float:
    """A memory quantity in bytes: "512Mi", "1G", "1000000"; infinity, which limits nothing, for what is not one."""
    text = str(quantity)
    digits = text.rstrip("KMGTik")
    number = digits.replace(".", "", 1).isdecimal()
    return float(digits) * _UNITS.get(text[len(digits) :], 1) if number else float("inf")
