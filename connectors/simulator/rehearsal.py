"""The model without any wire: pods that start, scale and are killed, in few lines of the documented arithmetic.

For what is computed rather than watched: what each crisis costs with and without its remedies. The cluster of the
real estate does the same pod by pod and much more; this one counts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from connectors.simulator.architecture import Architecture, Workload
from connectors.simulator.tick import IDLE, Pods, Tick, Usage

MIB = 2**20
START = (20, 60)  # seconds that a pod takes to be ready
COLD = 20  # seconds after that in which it works at half speed
SYNC = 15  # seconds between two looks of an autoscaler
TOLERANCE = 0.1
SETTLE = 300  # seconds in which the autoscaler looks for the highest recommendation, before it scales down
LONG_AGO = -(10**6)
HEAD_STARTS = 48 * MIB  # how far apart pods of one age are in what they have leaked


@dataclass(slots=True)
class Pod:
    """One pod: when it is ready, and what it has leaked since."""

    ready_at: int
    leaked: float = 0.0


@dataclass(slots=True)
class Fleet:
    """A workload's pods and its autoscaler, if there is one."""

    workload: Workload
    low: int
    high: int
    pods: list[Pod] = field(default_factory=list)
    restarting: list[Pod] = field(default_factory=list)  # pods that a rolling restart will replace
    advice: list[tuple[int, int]] = field(default_factory=list)  # (second, pods) that the autoscaler recommended
    started: int = 0

    def step(self, t: int, used: Usage) -> None:
        """One second of the kubelet and the controllers."""
        self._leak(t, used)
        self._restart(t)
        if self.workload.autoscaler and t % SYNC == 0:
            self._autoscale(t, used.cpu)

    def shown(self, t: int) -> Pods:
        """The pods as the model reads them."""
        ready = [pod for pod in self.pods if pod.ready_at <= t]
        cold = sum(t - COLD < pod.ready_at for pod in ready)
        leaked = sum(pod.leaked for pod in ready) / len(ready) if ready else 0.0
        return Pods(len(ready), cold, len(self.pods), leaked)

    def scale(self, count: int, t: int) -> None:
        """So many pods are wanted: new ones start, the youngest go."""
        while len(self.pods) < count:
            self.pods.append(Pod(self._ready_at(t)))
        del self.pods[count:]

    def restart(self) -> None:
        """All of its pods are to be replaced, one after the other."""
        self.restarting = list(self.pods)

    def _ready_at(self, t: int) -> int:
        first, last = START
        self.started += 1
        return t + first + self.started * 7 % (last - first)

    def _leak(self, t: int, used: Usage) -> None:
        """Grows what has leaked, and kills whoever holds more than the limit."""
        if used.growth <= 0:
            return
        others = used.memory - used.leaked
        for index, pod in enumerate(self.pods):
            if pod.ready_at > t:
                continue
            pod.leaked += used.growth if pod.leaked else used.growth + HEAD_STARTS * (index * 7 % 10) / 10
            if others + pod.leaked > self.workload.memory_limit * MIB:
                pod.ready_at, pod.leaked = self._ready_at(t), 0.0

    def _restart(self, t: int) -> None:
        """A rolling update, one pod at a time: the next one goes when all of the others are ready."""
        if self.restarting and all(pod.ready_at <= t for pod in self.pods):
            old = self.restarting.pop(0)
            if old in self.pods:
                old.ready_at, old.leaked = self._ready_at(t), 0.0

    def _autoscale(self, t: int, cpu: float) -> None:
        """ceil(n * cpu / target) beyond a tolerance; pods that are not ready count as idle on the way up; down only
        to the highest of the last five minutes' recommendations (Kubernetes' documented algorithm and defaults)."""
        scaler = self.workload.autoscaler
        now = len(self.pods)
        if scaler is None or now == 0:
            return
        ready = sum(pod.ready_at <= t for pod in self.pods)
        ratio = cpu / (scaler.cpu / 100)
        if ratio > 1:
            ratio = max(ratio * ready / now, 1.0)
        wanted = ceil(now * ratio - 1e-9) if abs(ratio - 1) > TOLERANCE else now
        self.advice = [(at, count) for at, count in self.advice if at > t - SETTLE] + [(t, wanted)]
        if wanted < now:
            wanted = min(max(count for _, count in self.advice), now)
        self.scale(min(max(wanted, self.low), self.high, max(now + max(4, now), self.low)), t)


class Rehearsal:
    """The pods of an architecture's workloads."""

    def __init__(self, plant: Architecture) -> None:
        self.fleets = {workload.name: _fleet(workload) for workload in plant.workloads}

    def pods(self, t: int) -> dict[str, Pods]:
        """All of them, as the model reads them."""
        return {name: fleet.shown(t) for name, fleet in self.fleets.items()}

    def step(self, t: int, tick: Tick | None) -> None:
        """One second, after what the last one's tick says of the pods' use."""
        for name, fleet in self.fleets.items():
            fleet.step(t, tick.usage_of(name) if tick else IDLE)


def _fleet(workload: Workload) -> Fleet:
    scaler = workload.autoscaler
    low, high = (scaler.low, scaler.high) if scaler else (workload.replicas, workload.replicas)
    return Fleet(workload, low, high, [Pod(LONG_AGO) for _ in range(workload.replicas)])
