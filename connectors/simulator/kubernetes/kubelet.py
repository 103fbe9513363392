"""The kubelets of all nodes in one: they pull, start, probe, restart and end the containers of pods.

Start-up takes 20 to 60 s, what a real service takes to pull, boot and pass its readiness probe; containers that end and
start anew in a pod take as long again. What happens next to a pod is one entry in a heap of due times.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kubernetes import containers
from connectors.simulator.kubernetes.agenda import Agenda
from connectors.simulator.kubernetes.crashes import Backoff
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.fate import can_be_pulled, fate_of
from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.placing import Placing
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.scheduler import Scheduler
from connectors.simulator.kubernetes.store import Commit

START_SECONDS = (20, 60)
STOP_SECONDS = (1, 5)  # what the process takes after SIGTERM, within its grace period
PULL_SECONDS = 3  # of the start-up
_COMPONENT = "kubelet"

_Key = tuple[str, str]


class Kubelet:
    """Acts on pods when their time has come."""

    def __init__(self, registry: Registry, scheduler: Scheduler, recorder: Recorder) -> None:
        self._registry = registry
        self._recorder = recorder
        self._placing = Placing(registry, scheduler, recorder)
        self._agenda = Agenda()
        self._lost: dict[str, dict[_Key, str]] = {}  # node -> what its pods would have done
        self._backoff = Backoff()
        registry.store.listen(self._saw)

    def step(self, t: float) -> None:
        """Places what has no node yet, then does what is due at ``t``."""
        self._placing.step(lambda pod: self._agenda.enter(pod, t + PULL_SECONDS, "pulled"))
        for pod, what, at in self._agenda.take(t, self._registry.store):
            self._act(pod, what, at)

    def idle(self, t: float) -> bool:
        return not self._placing.busy and not self._agenda.is_due(t)

    def kill(self, pod: Object, t: float, reason: str, code: int) -> None:
        """Its processes end with this exit code, and start anew as its restart policy and the back-off will have it."""
        self._write(pod, containers.ended(pod, reason, code, self._stamp))
        self._after_end(self._registry.get(POD, namespace_of(pod), name_of(pod)), t, code)

    def lose(self, node: str) -> None:
        """The node stops working: nothing happens on it until it is back."""
        self._lost.setdefault(node, {})

    def restore(self, node: str, t: float) -> None:
        """The node is back: what its pods had to do they do now."""
        for key, what in self._lost.pop(node, {}).items():
            pod = self._registry.store.get(POD, *key)
            if pod is not None:
                self._agenda.enter(pod, t, what)

    @property
    def _stamp(self) -> str:
        return self._registry.times.stamp()

    def _saw(self, commit: Commit) -> None:
        if commit.kind is not POD:
            return
        pod = commit.last
        if commit.after is None:
            self._placing.remove(pod)
            self._agenda.strike(pod)
            self._backoff.forget(pod["metadata"]["uid"])
        elif commit.before is None:
            self._placing.add(pod)
        elif "deletionTimestamp" in pod["metadata"] and "deletionTimestamp" not in commit.before["metadata"]:
            grace = int(pod["metadata"]["deletionGracePeriodSeconds"])
            seconds = min(grace, self._draw(pod, "stop", STOP_SECONDS))
            self._agenda.enter(pod, self._registry.times.now() + seconds, "gone")

    def _draw(self, pod: Object, purpose: str, bounds: tuple[int, int]) -> int:
        name = dig(pod, "metadata", "generateName", default=name_of(pod))
        return self._registry.identity.seconds(f"{purpose}/{name}", *bounds)

    def _write(self, pod: Object, status: Object) -> None:
        self._registry.set_status(POD, pod, status)

    def _act(self, pod: Object, what: str, t: float) -> None:
        node = str(dig(pod, "spec", "nodeName", default=""))
        if node in self._lost:
            self._lost[node][(namespace_of(pod), name_of(pod))] = what
            return
        acts: dict[str, Callable[[Object, float], None]] = {
            "gone": self._gone,
            "pulled": self._pulled,
            "restart": lambda pod, t: self._start(pod, t, restart=True),
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
        self._agenda.enter(pod, t + again, "pulled")

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
            self._agenda.enter(pod, t + self._draw(pod, purpose, START_SECONDS) - pull, "ready")
        else:
            self._agenda.enter(pod, t + fate.seconds, "ended")

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
            self._start(pod, t, restart=True)
            return
        name = pod["spec"]["containers"][0]["name"]
        where = f"{name} in pod {name_of(pod)}_{namespace_of(pod)}({pod['metadata']['uid']})"
        self._say(pod, "BackOff", f"Back-off restarting failed container {where}", bad=True)
        why = f"back-off {_go_duration(seconds)} restarting failed container={where.replace(' in pod ', ' pod=')}"
        self._write(pod, containers.waiting(pod, "CrashLoopBackOff", why, self._stamp))
        self._agenda.enter(pod, t + seconds, "restart")

    def _say(self, pod: Object, reason: str, message: str, bad: bool = False) -> None:
        field = f"spec.containers{{{pod['spec']['containers'][0]['name']}}}"
        self._recorder.say(pod, _COMPONENT, reason, message, "Warning" if bad else "Normal", field)

    def _free_address(self) -> str:
        high, low = self._registry.identity.seconds("ip", 0, 255), self._registry.identity.seconds("ip", 1, 254)
        return f"10.244.{high}.{low}"


def _go_duration(seconds: int) -> str:
    """Seconds as Go prints a duration: 10s, 1m20s, 5m0s."""
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
