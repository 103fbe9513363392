"""One pod as the API has it, and why it does not serve, in a few words. Pure.

The order is that of what a person must know first: what kills a container, what keeps it from starting, what keeps the
pod from a node.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from connectors.failure import one_line
from connectors.kubernetes.objects import Condition, Metadata, Read, Resources
from connectors.kubernetes.read import held

MOST = 160  # characters of a reason


class Waiting(Read, frozen=True):
    reason: str | None = None
    message: str | None = None


class Running(Read, frozen=True):
    started_at: str | None = None


class Terminated(Read, frozen=True):
    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def text(self) -> str:
        """``OOMKilled, exit 137``"""
        return f"{self.reason or 'ended'}, exit {self.exit_code}"


class State(Read, frozen=True):
    """One of the three is set; none of them before the kubelet has reported."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Read, frozen=True):
    name: str
    ready: bool = False
    restart_count: int = 0
    state: State | None = None
    last_state: State | None = None

    @property
    def now(self) -> State:
        return self.state or State()

    @property
    def last(self) -> Terminated | None:
        """How its last run ended; None where this is the first."""
        return self.last_state.terminated if self.last_state else None


class PodContainer(Read, frozen=True):
    name: str
    image: str = ""
    resources: Resources | None = None


class PodSpec(Read, frozen=True):
    node_name: str = ""
    containers: tuple[PodContainer, ...] | None = None
    init_containers: tuple[PodContainer, ...] | None = None


class PodStatus(Read, frozen=True):
    phase: str = ""
    reason: str | None = None
    message: str | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    qos_class: str = ""
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        """Those that must end first, first."""
        return (*(self.init_container_statuses or ()), *(self.container_statuses or ()))


class Pod(Read, frozen=True):
    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


msgspec.json.Decoder(Pod)  # learnt while this module is imported: see objects.py


def why(pod: Pod) -> str:
    """Why it does not serve, on one line; "" where nothing says that it does not."""
    return one_line("; ".join(dict.fromkeys(_reasons(pod))), MOST)


def _reasons(pod: Pod) -> Iterator[str]:
    status = pod.status
    if status.reason:  # Evicted, and the like
        yield _said(status.reason, status.message)
    for one in status.containers:
        waiting = one.now.waiting
        if one.last is not None and (waiting is not None or not one.ready):
            yield f"{one.name}: {one.last.text}"
        if waiting is not None and waiting.reason not in ("ContainerCreating", "PodInitializing"):
            yield f"{one.name}: {_said(waiting.reason, waiting.message)}"
        if one.now.terminated is not None and one.now.terminated.exit_code:
            yield f"{one.name}: {one.now.terminated.text}"
    scheduled = held(status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        yield scheduled.message or scheduled.reason or "not scheduled"


def _said(reason: str | None, message: str | None) -> str:
    return f"{reason or 'waiting'}: {message}" if message else reason or "waiting"
