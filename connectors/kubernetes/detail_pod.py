"""A pod: its containers with how they stand and how they last ended, its events, and the last lines it printed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connectors.failure import Failed
from connectors.kubernetes.events import Event
from connectors.kubernetes.inquiry import Inquiry, cell, missing
from connectors.kubernetes.logs import Log, log_of
from connectors.kubernetes.objects import Read
from connectors.kubernetes.pod import ContainerStatus, Pod, why
from connectors.kubernetes.times import age, spoken
from console.model.snapshot import Detail

COLUMNS = ("what", "state", "since", "text")
EVENTS = 10
CONTAINERS = 3  # whose logs are read, those in trouble first

Cells = tuple[str, str, str, str]


class Events(Read, frozen=True):
    items: tuple[Event, ...] | None = None


msgspec.json.Decoder(Events)  # learnt while this module is imported: see objects.py


async def pod_detail(inquiry: Inquiry, namespace: str, name: str) -> Detail:
    """Failed where there is no such pod, or it may not be read; its events and logs may be missing by themselves."""
    pod = await inquiry.get(f"/api/v1/namespaces/{namespace}/pods/{name}", Pod)
    events, logs = await asyncio.gather(
        events_about(inquiry, namespace, "Pod", name),
        _logs(inquiry, pod),
    )
    rows = (
        *(_container(one, inquiry.at) for one in pod.status.containers),
        *event_rows(events, inquiry.at),
        *(row for log in logs for row in _log(log)),
    )
    return Detail(inquiry.component, inquiry.at, f"pod {name}", COLUMNS, rows, extra=dict(_extra(pod, inquiry.at)))


async def events_about(inquiry: Inquiry, namespace: str, kind: str, name: str) -> tuple[Event, ...] | Failed:
    """The newest first."""
    about = f"involvedObject.kind={kind},involvedObject.name={name}"
    answer = await inquiry.maybe(
        f"/api/v1/namespaces/{namespace}/events", Events, (("fieldSelector", about), ("limit", "500"))
    )
    if isinstance(answer, Failed):
        return answer
    return tuple(sorted(answer.items or (), key=lambda event: -event.at))


def event_rows(events: Sequence[Event] | Failed, now: float) -> Iterator[Cells]:
    if isinstance(events, Failed):
        if missing(events):
            yield "events", "", "", cell(missing(events))
        return
    for event in events[:EVENTS]:
        times = f" ×{event.count}" if event.count and event.count > 1 else ""
        yield "event", cell(event.reason) + times, spoken(max(now - event.at, 0.0)), cell(event.message)


async def _logs(inquiry: Inquiry, pod: Pod) -> Sequence[Log]:
    """Of a pod that no node has yet the server gives an empty log, as of one that prints nothing: told apart here."""
    namespace, name = pod.metadata.namespace, pod.metadata.name
    if not pod.spec.node_name:
        return [Log(one, previous, missing="not started: no node has it yet") for one, previous in _wanted(pod)]
    return await asyncio.gather(*(log_of(inquiry, namespace, name, one, previous) for one, previous in _wanted(pod)))


def _wanted(pod: Pod) -> list[tuple[str, bool]]:
    """Container and whether the run before is meant: first those that are not ready, and what they said before."""
    statuses = sorted(pod.status.containers, key=lambda one: (_over(one), one.ready, -one.restart_count))[:CONTAINERS]
    if not statuses:
        return [(one.name, False) for one in (pod.spec.containers or ())[:1]]
    return [(one.name, previous) for one in statuses for previous in ((True, False) if _ran_before(one) else (False,))]


def _over(one: ContainerStatus) -> bool:
    """Whether it did what it was to do: an init container that has ended well."""
    return one.now.terminated is not None and one.now.terminated.exit_code == 0


def _ran_before(one: ContainerStatus) -> bool:
    """Whether there are two runs to tell apart. Between two runs the last one's log is the log."""
    return one.last is not None and one.now.waiting is None


def _container(one: ContainerStatus, now: float) -> Cells:
    state, since = _state(one)
    told = [f"{one.restart_count} restarts"] if one.restart_count else []
    if one.last is not None:
        ended = age(one.last.finished_at, now)
        told.append(f"last ended {one.last.text}" + (f" {spoken(ended)} ago" if ended is not None else ""))
    told += [text for text in (_message(one),) if text]
    passed = age(since, now)
    return cell(f"container {one.name}"), cell(state), "" if passed is None else spoken(passed), cell(", ".join(told))


def _state(one: ContainerStatus) -> tuple[str, str | None]:
    """Its state in a word, and since when."""
    now = one.now
    if now.waiting is not None:
        return now.waiting.reason or "Waiting", None
    if now.terminated is not None:
        return now.terminated.text, now.terminated.finished_at
    if now.running is not None:
        return "Running" if one.ready else "Running, not ready", now.running.started_at
    return "?", None


def _message(one: ContainerStatus) -> str:
    waiting = one.now.waiting
    return (waiting.message or "") if waiting else ""


def _log(log: Log) -> Iterable[Cells]:
    what = cell(f"log {log.container}" + (" -p" if log.previous else ""))
    if log.missing:
        return [(what, "", "", cell(log.missing))]
    return [(what, "", "", line) for line in log.lines]


def _extra(pod: Pod, now: float) -> Iterator[tuple[str, str]]:
    status = pod.status
    old = age(pod.metadata.creation_timestamp, now)
    yield "phase", cell(status.phase) or "?"
    yield "node", cell(pod.spec.node_name) or "none yet"
    if old is not None:
        yield "age", spoken(old)
    for owner in pod.metadata.owner_references or ():
        if owner.controller:
            yield "of", cell(f"{owner.kind} {owner.name}")
    if reason := why(pod):
        yield "why", reason
