"""The kubelets of all nodes in one: they pull, start, probe, restart and end the containers of pods.

Start-up takes 20 to 60 s, what a real service takes to pull, boot and pass its readiness probe; containers that end and
start anew in a pod take as long again. What happens next to a pod is one entry in a heap of due times.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from connectors.simulator.kubernetes import containers
from connectors.simulator.kubernetes.crashes import Backoff
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.fate import can_be_pulled, fate_of
from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.scheduler import Scheduler
from connectors.simulator.kubernetes.store import Commit

START_SECONDS = (20, 60)
STOP_SECONDS = (1, 5)  # what the process takes after SIGTERM, within its grace period
PULL_SECONDS = 3  # of the start-up
_COMPONENT = "kubelet"

_Due = tuple[float, int, str, str, str, str]  # (when, order, namespace, name, uid, what)
_Key = tuple[str, str]


class Kubelet:
    """Acts on pods when their time has come."""

    def __init__(self, registry: Registry, scheduler: Scheduler, recorder: Recorder) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._recorder = recorder
        self._waiting: dict[_Key, None] = {}  # for a node
        self._looked = -1  # the scheduler's count of changes when they last looked for one
        self._due: list[_Due] = []
        self._order = 0
        self._next: dict[str, int] = {}  # pod uid -> the order of its due entry; older ones are void
        self._lost: dict[str, dict[_Key, str]] = {}  # node -> what its pods would have done
        self._backoff = Backoff()
        registry.store.listen(self._saw)

    def step(self, t: float) -> None:
        """Places what has no node yet, then does what is due at ``t``."""
        if self._looking:
            self._looked = self._scheduler.changes
            for key in list(self._waiting):
                self._place(key, t)
        while self._due and self._due[0][0] <= t:
            at, order, namespace, name, uid, what = heapq.heappop(self._due)
            pod = self._registry.store.get(POD, namespace, name)
            if pod is not None and pod["metadata"]["uid"] == uid and self._next.get(uid) == order:
                self._act(pod, what, at)

    def idle(self, t: float) -> bool:
        return not self._looking and not (self._due and self._due[0][0] <= t)

    def kill(self, pod: Object, t: float, reason: str, code: int) -> None:
        """Its processes end with this exit code, and start anew as its restart policy and the back-off will have it."""
        self._write(pod, containers.ended(pod, reason, code, self._stamp))
        self._after_end(self._fresh(pod), t, code)

    def lose(self, node: str) -> None:
        """The node stops working: nothing happens on it until it is back."""
        self._lost.setdefault(node, {})

    def restore(self, node: str, t: float) -> None:
        """The node is back: what its pods had to do they do now."""
        for key, what in self._lost.pop(node, {}).items():
            pod = self._registry.store.get(POD, *key)
            if pod is not None:
                self._later(pod, t, what)

    @property
    def _looking(self) -> bool:
        return bool(self._waiting) and self._looked != self._scheduler.changes

    @property
    def _stamp(self) -> str:
        return self._registry.times.stamp()

    def _saw(self, commit: Commit) -> None:
        if commit.kind is not POD:
            return
        pod = commit.last
        key = (namespace_of(pod), name_of(pod))
        if commit.after is None:
            self._waiting.pop(key, None)
            self._next.pop(pod["metadata"]["uid"], None)
            self._backoff.forget(pod["metadata"]["uid"])
        elif commit.before is None:
            self._waiting[key] = None
            self._looked = -1
        elif "deletionTimestamp" in pod["metadata"] and "deletionTimestamp" not in commit.before["metadata"]:
            grace = int(pod["metadata"]["deletionGracePeriodSeconds"])
            seconds = min(grace, self._draw(pod, "stop", STOP_SECONDS))
            self._later(pod, self._registry.times.now() + seconds, "gone")

    def _later(self, pod: Object, at: float, what: str) -> None:
        uid = pod["metadata"]["uid"]
        self._order += 1
        self._next[uid] = self._order
        heapq.heappush(self._due, (at, self._order, namespace_of(pod), name_of(pod), uid, what))

    def _draw(self, pod: Object, purpose: str, bounds: tuple[int, int]) -> int:
        name = dig(pod, "metadata", "generateName", default=name_of(pod))
        return self._registry.identity.seconds(f"{purpose}/{name}", *bounds)

    def _write(self, pod: Object, status: Object) -> None:
        self._registry.set_status(POD, pod, status)

    def _fresh(self, pod: Object) -> Object:
        return self._registry.get(POD, namespace_of(pod), name_of(pod))

    def _place(self, key: _Key, t: float) -> None:
        pod = self._registry.store.get(POD, *key)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            self._waiting.pop(key, None)
            return
        node, why = dig(pod, "spec", "nodeName", default=""), ""
        if not node:
            node, why = self._scheduler.place(pod)
        if not node:
            self._unplaced(pod, why)
            return
        del self._waiting[key]
        self._bind(pod, str(node), t)

    def _unplaced(self, pod: Object, why: str) -> None:
        if any(item.get("reason") == "Unschedulable" for item in dig(pod, "status", "conditions", default=[])):
            return  # it was said; a pod that waits in a full cluster is not told again at every move of another
        self._write(pod, containers.unscheduled(pod, why, self._stamp))
        self._recorder.say(pod, "default-scheduler", "FailedScheduling", why, kind="Warning")

    def _bind(self, pod: Object, node: str, t: float) -> None:
        host = _address(self._registry.store.get(NODE, "", node) or {})
        placed = {**pod, "metadata": dict(pod["metadata"]), "spec": {**pod["spec"], "nodeName": node}}
        placed["status"] = containers.creating(placed, host, self._stamp)
        self._registry.store.put(POD, placed)
        where = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._recorder.say(pod, "default-scheduler", "Scheduled", where)
        self._later(placed, t + PULL_SECONDS, "pulled")

    def _act(self, pod: Object, what: str, t: float) -> None:
        node = str(dig(pod, "spec", "nodeName", default=""))
        if node in self._lost:
            self._lost[node][(namespace_of(pod), name_of(pod))] = what
            return
        acts: dict[str, Callable[[Object, float], None]] = {
            "gone": self._gone,
            "pulled": self._pulled,
            "start": self._start,
            "restart": self._restart,
            "ready": self._ready,
            "ended": self._ended,
        }
        acts[what](pod, t)

    def _gone(self, pod: Object, t: float) -> None:
        if not dig(pod, "metadata", "finalizers"):
            self._registry.store.remove(POD, namespace_of(pod), name_of(pod))

    def _pulled(self, pod: Object, t: float) -> None:
        image = str(pod["spec"]["containers"][0]["image"])
        if can_be_pulled(pod):
            self._say(pod, "Pulled", f'Container image "{image}" already present on machine')
            self._start(pod, t)
            return
        missing = (
            f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        )
        self._say(
            pod, "Failed", f'Failed to pull image "{image}": rpc error: code = NotFound desc = {missing}', bad=True
        )
        self._say(pod, "Failed", "Error: ErrImagePull", bad=True)
        again = max(self._backoff.failed(pod["metadata"]["uid"], t), 10)
        back_off = f'Back-off pulling image "{image}"'
        self._write(pod, containers.waiting(pod, "ImagePullBackOff", back_off, self._stamp))
        self._say(pod, "BackOff", back_off)
        self._later(pod, t + again, "pulled")

    def _start(self, pod: Object, t: float, restart: bool = False) -> None:
        name = pod["spec"]["containers"][0]["name"]
        self._say(pod, "Created", f"Created container: {name}")
        self._say(pod, "Started", f"Started container {name}")
        address = dig(pod, "status", "podIP") or self._free_address()
        self._write(pod, containers.started(pod, address, self._stamp, restart))
        self._backoff.began(pod["metadata"]["uid"], t)
        fate = fate_of(pod)
        if fate.seconds is None:
            purpose, pull = ("restart", 0) if restart else ("start", PULL_SECONDS)
            self._later(pod, t + self._draw(pod, purpose, START_SECONDS) - pull, "ready")
        else:
            self._later(pod, t + fate.seconds, "ended")

    def _restart(self, pod: Object, t: float) -> None:
        self._start(pod, t, restart=True)

    def _ready(self, pod: Object, t: float) -> None:
        if not is_ready(pod):
            self._write(pod, containers.ready(pod, self._stamp))

    def _ended(self, pod: Object, t: float) -> None:
        code = fate_of(pod).code
        self.kill(pod, t, "Error" if code else "Completed", code)

    def _after_end(self, pod: Object, t: float, code: int) -> None:
        policy = dig(pod, "spec", "restartPolicy", default="Always")
        if policy == "Never" or (policy == "OnFailure" and not code):
            self._write(pod, containers.over(pod, "Failed" if code else "Succeeded", self._stamp))
            return
        seconds = self._backoff.failed(pod["metadata"]["uid"], t)
        if not seconds:
            self._restart(pod, t)
            return
        name = pod["spec"]["containers"][0]["name"]
        where = f"{name} in pod {name_of(pod)}_{namespace_of(pod)}({pod['metadata']['uid']})"
        self._say(pod, "BackOff", f"Back-off restarting failed container {where}", bad=True)
        why = f"back-off {_go_duration(seconds)} restarting failed container={where.replace(' in pod ', ' pod=')}"
        self._write(pod, containers.waiting(pod, "CrashLoopBackOff", why, self._stamp))
        self._later(pod, t + seconds, "restart")

    def _say(self, pod: Object, reason: str, message: str, bad: bool = False) -> None:
        field = f"spec.containers{{{pod['spec']['containers'][0]['name']}}}"
        self._recorder.say(pod, _COMPONENT, reason, message, "Warning" if bad else "Normal", field)

    def _free_address(self) -> str:
        high, low = self._registry.identity.seconds("ip", 0, 255), self._registry.identity.seconds("ip", 1, 254)
        return f"10.244.{high}.{low}"


def _address(node: Object) -> str:
    addresses = dig(node, "status", "addresses", default=[])
    return next((str(item.get("address", "")) for item in addresses if item.get("type") == "InternalIP"), "")


def _go_duration(seconds: int) -> str:
    """Seconds as Go prints a duration: 10s, 1m20s, 5m0s."""
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
