"""Kafka Connect's connectors as components: their state, their tasks, what a failed one said, and a sink's lag.

A task that failed stays so until somebody restarts it, while its connector goes on being RUNNING: so failed tasks are
told as a number of their own. A sink reads as the group ``connect-NAME`` unless its settings say otherwise, and what is
known of that group is told of the sink. How far a source is behind its database only its own exporter knows: for
Debezium there is a preset, ``debezium``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.kafka.rest import Pipeline, Rest, Task, where_of
from connectors.settings.kafka import Settings
from connectors.threads import Bulkhead
from console.model.component import ComponentId, source_of
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, Observed

FAILED, RUNNING = "FAILED", "RUNNING"
SINK = "sink"
GROUP = "connect-"  # with a sink's name after it: its group
OF_GROUP = ("lag", "late", "lost", "kept")  # what is told of a sink is what its group is
MOST_NOTE = 120  # characters


@dataclass(frozen=True, slots=True)
class Read:
    """What the workers told, and which of them did not."""

    pipelines: tuple[Pipeline, ...] = ()
    problems: tuple[str, ...] = ()


class Connect:
    """The Connect workers of the settings, asked side by side. A connector that two tell of is told once."""

    def __init__(self, settings: Settings, threads: Bulkhead) -> None:
        self._settings = settings
        self._threads = threads
        self._rest = Rest(settings)

    async def read(self) -> Read:
        """Ends within the settings' timeout; nothing is raised for a sick worker."""
        answers = await asyncio.gather(*(self._one(url) for url in self._settings.connect))
        told = {pipeline.name: pipeline for answer in reversed(answers) for pipeline in answer.pipelines}
        return Read(
            tuple(told[name] for name in sorted(told)), tuple(told for answer in answers for told in answer.problems)
        )

    def close(self) -> None:
        self._rest.close()

    async def _one(self, url: str) -> Read:
        seconds = self._settings.timeout
        try:
            return Read(await within(self._threads, seconds, lambda line: self._rest.pipelines(line, url, seconds)))
        except Overdue:
            return Read(problems=(f"connect {where_of(url)}: no answer within {seconds:g}s",))
        except Failed as failure:
            return Read(problems=(f"connect {failure.reason}",))


def observed(pipelines: Sequence[Pipeline], groups: Sequence[Observed], name: str, at: float) -> tuple[Observed, ...]:
    """A component each. ``groups``: those of this reading, for the sinks among them; ``name`` is the source's."""
    by_id = {group.id: group for group in groups}
    return tuple(_observed(pipeline, by_id, name, at) for pipeline in pipelines)


def _observed(pipeline: Pipeline, groups: Mapping[ComponentId, Observed], name: str, at: float) -> Observed:
    failed = sum(task.state == FAILED for task in pipeline.tasks)
    counts = {
        "tasks": len(pipeline.tasks),
        "tasks_running": sum(task.state == RUNNING for task in pipeline.tasks),
        "tasks_failed": failed,
        "restarts_needed": failed + (pipeline.state == FAILED),
    }
    group = groups.get(f"{name}/group/{GROUP}{pipeline.name}")
    return Observed(
        id=f"{name}/connector/{pipeline.name}",
        signals=(
            *(Signal(signal, value, Unit.COUNT, at, name) for signal, value in counts.items()),
            *(_of_group(group, name, at) if pipeline.kind == SINK else ()),
        ),
        counters=group.counters if group is not None else (),
        state=pipeline.state,
        notes=tuple(_notes(pipeline, failed)),
    )


def _of_group(group: Observed | None, name: str, at: float) -> tuple[Signal, ...]:
    if group is None:
        return (Signal("lag", None, Unit.MESSAGES, at, name, "its group is not read"),)
    return tuple(signal for signal in group.signals if signal.name in OF_GROUP)


def _notes(pipeline: Pipeline, failed: int) -> list[str]:
    notes = []
    if pipeline.state == FAILED:
        notes.append(f"connector failed, needs a restart{_why(pipeline.trace)}")
    if failed:
        trace = next(task.trace for task in pipeline.tasks if task.state == FAILED)
        notes.append(f"{failed} of {len(pipeline.tasks)} tasks failed, need a restart{_why(trace)}")
    if not pipeline.tasks:
        notes.append("no tasks")
    others = sorted({task.state for task in pipeline.tasks} - {FAILED, RUNNING, pipeline.state})
    return notes + [f"{sum(task.state == state for task in pipeline.tasks)} tasks {state}" for state in others]


def _why(trace: str) -> str:
    short = trace if len(trace) <= MOST_NOTE else trace[: MOST_NOTE - 1] + "…"
    return f": {short}" if short else ""


def detail(pipelines: Sequence[Pipeline], component: ComponentId, name: str, at: float) -> Detail | None:
    """The tasks of one connector; None when no worker knows it."""
    pipeline = next((each for each in pipelines if each.name == name), None)
    if pipeline is None:
        return None
    tasks = sorted(pipeline.tasks, key=lambda task: (task.state == RUNNING, task.id))
    sink = pipeline.kind == SINK
    extra = {"kind": pipeline.kind, "state": pipeline.state, "worker": pipeline.worker, "failed with": pipeline.trace}
    return Detail(
        component,
        at,
        f"tasks of {name}",
        ("task", "state", "worker", "failed with"),
        tuple(_row(task) for task in tasks),
        extra={key: value for key, value in extra.items() if value},
        into=tuple(f"{source_of(component)}/group/{GROUP}{name}" if sink else "" for _ in tasks),
    )


def _row(task: Task) -> tuple[str, ...]:
    return str(task.id), task.state, task.worker, task.trace
