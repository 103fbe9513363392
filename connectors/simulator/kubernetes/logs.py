"""What the containers print: made from the ticks of the last minutes when somebody asks, the same for every reader.

Each ready pod says once every few seconds what its workload does, in its share; beside that it tells its own life.
Nothing is stored a pod: the last ten minutes of the model are kept once for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.fate import fate_of
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.tick import Group, Tick

KEPT_SECONDS = 600
EVERY_SECONDS = 5
_LATE = 1000  # messages of lag beyond which a consumer warns


@dataclass(frozen=True, slots=True)
class Moment:
    """One second of the model as far as a log line can tell of it."""

    t: int
    wall: float
    success: float
    gauges: Mapping[str, float]
    requests: Mapping[str, float]  # "<workload>.<status>" -> requests in this second
    groups: tuple[Group, ...]
    ready: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """``wall`` is epoch seconds."""

    wall: float
    text: str

    def shown(self, stamped: bool) -> bytes:
        """As the kubelet sends it, with the time before it where it was asked for."""
        time = datetime.fromtimestamp(self.wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ") if stamped else ""
        return f"{time}{self.text}\n".encode()


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a container: epoch seconds of its start and end (None: it still runs), and how it ended."""

    began: float
    ended: float | None = None
    reason: str = ""


class Logs:
    """The moments of the last ten minutes, and the lines that any container printed in them."""

    def __init__(self, consumers: frozenset[str] = frozenset({"workers"})) -> None:
        """``consumers``: the workloads that tell of consumer groups."""
        self._consumers = consumers
        self._moments: deque[Moment] = deque(maxlen=KEPT_SECONDS)
        self._counters: Mapping[str, float] = {}

    def step(self, wall: float, tick: Tick, ready: Mapping[str, int]) -> None:
        """Remembers one second of the model. ``ready``: pods by workload, which share what it does."""
        names = [name for name in tick.counters if name.rpartition(".")[2].isdecimal()]
        done = {name: tick.counters[name] - self._counters.get(name, 0.0) for name in names} if self._counters else {}
        self._counters = tick.counters
        self._moments.append(Moment(tick.t, wall, tick.success_origin, tick.gauges, done, tick.groups, ready))

    @property
    def now(self) -> float:
        """Epoch seconds of the last moment; 0 before the first."""
        return self._moments[-1].wall if self._moments else 0.0

    def lines(self, pod: Object, container: str, previous: bool = False) -> list[Line]:
        """Everything that one run of a container has printed, oldest first. Refuses with 400, as the kubelet does."""
        life = life_of(pod, container, previous)
        return sorted(self._told(pod, container, life), key=lambda line: line.wall)

    def _told(self, pod: Object, container: str, life: Life) -> Iterator[Line]:
        oldest = self._moments[0].wall if self._moments else 0.0
        if life.began >= oldest or not self._moments:
            yield Line(life.began, f"level=info msg=starting container={container} image={_image(pod, container)}")
        ready = _ready_at(pod) if life.ended is None else None
        if ready is not None and ready >= oldest:
            yield Line(ready, "level=info msg=ready")
        for moment in self._moments if ready is not None else ():
            if moment.wall >= (ready or 0.0) and moment.t % EVERY_SECONDS == 0:
                yield Line(moment.wall, self._work(labels_of(pod).get("app", ""), moment))
        if life.ended is not None and life.reason != "OOMKilled":  # who is killed says nothing
            code = fate_of(pod).code
            yield Line(life.ended, f"level={'error' if code else 'info'} msg=exiting code={code}")

    def _work(self, workload: str, moment: Moment) -> str:
        pods = max(moment.ready.get(workload, 0), 1)
        statuses = {
            name.rpartition(".")[2]: count / pods
            for name, count in moment.requests.items()
            if name.rpartition(".")[0] == workload and count >= 0.5
        }
        told = [f"http_{status}={count:.0f}" for status, count in statuses.items()]
        told += [
            f"{name.removeprefix(workload + '.')}={value:.4g}"
            for name, value in moment.gauges.items()
            if name.startswith(f"{workload}.")
        ]
        level = "error" if any(status.startswith("5") for status in statuses) or moment.success < 0.9 else "info"
        if workload in self._consumers:
            lags = {group.name: _lag(group) for group in moment.groups}
            told += [f"lag_{name}={lag}" for name, lag in lags.items()]
            level = "warning" if max(lags.values(), default=0) > _LATE else "info"
        return " ".join([f"level={level} msg=working", *told])


def container_of(pod: Object, asked: str) -> str:
    """The container that is meant. Refuses with 400 a name that the pod has not, and none where it has several."""
    names = [str(item["name"]) for item in pod["spec"]["containers"]]
    if not asked and len(names) > 1:
        several = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
        raise refusal.bad_request(several)
    if asked and asked not in names:
        raise refusal.bad_request(f"container {asked} is not valid for pod {name_of(pod)}")
    return asked or names[0]


def life_of(pod: Object, container: str, previous: bool) -> Life:
    """The run of a container whose log is meant: the last one, or the one before it. 400 where there is none."""
    found: Object = next(
        (item for item in dig(pod, "status", "containerStatuses", default=[]) if item["name"] == container), {}
    )
    where = f'container "{container}" in pod "{name_of(pod)}"'
    if not found:
        raise refusal.bad_request(f"pod {name_of(pod)} does not have a host assigned")
    state = dig(found, "lastState") if previous else found["state"]
    if previous and "terminated" not in (state or {}):
        raise refusal.bad_request(f"previous terminated {where} not found")
    if "waiting" in state and "terminated" in found.get("lastState", {}):
        state = found["lastState"]  # between two runs the last one's log is the log
    if "waiting" in state:
        reason = state["waiting"]["reason"]
        why = "trying and failing to pull image" if "Pull" in reason else reason
        raise refusal.bad_request(f"{where} is waiting to start: {why}")
    if end := state.get("terminated"):
        return Life(_epoch(end["startedAt"]), _epoch(end["finishedAt"]), str(end["reason"]))
    return Life(_epoch(state["running"]["startedAt"]))


def _image(pod: Object, container: str) -> str:
    return next(str(item["image"]) for item in pod["spec"]["containers"] if item["name"] == container)


def _ready_at(pod: Object) -> float | None:
    for item in dig(pod, "status", "conditions", default=[]):
        if item.get("type") == "Ready" and item.get("status") == "True":
            return _epoch(item["lastTransitionTime"])
    return None


def _lag(group: Group) -> int:
    return sum(part.end - part.committed for part in group.partitions if part.committed is not None)


def _epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
