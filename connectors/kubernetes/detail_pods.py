"""The pods of something, those in trouble first: what a person looks for among two thousand of them.

Pods come as the server's own table without the objects (a hundredth of their time and memory), by selector, in pages.
A table says in what state a pod is and not why: that is asked for of those that wait, in one request, and of the first
few that crash. What they use comes from metrics.k8s.io where it is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.failure import Failed
from connectors.kubernetes.inquiry import Inquiry, Query, cell, missing
from connectors.kubernetes.objects import Read, Row, Table
from connectors.kubernetes.pod import Pod, why
from connectors.kubernetes.pod_use import Use, uses_of
from console.model.component import ComponentId

AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PAGE = 500
MOST = 5000  # pods that are looked through for trouble; of more it is said how many are left out
SHOWN = 100
EXPLAINED = 5  # crashing pods that are asked for one by one
WAITING = 20  # waiting pods of which the reason is asked for

_CALM = {"Running": 4, "Completed": 6, "Succeeded": 6, "Terminating": 3}
_WAITS = ("Pending", "ContainerCreating", "PodInitializing")
COLUMNS = ("name", "ready", "status", "restarts", "age", "node", "cpu", "memory", "why")


class Pods(Read, frozen=True):
    items: tuple[Pod, ...] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One pod as the server prints it. ``namespace`` "" where the table was not asked to say."""

    namespace: str
    name: str
    ready: str
    status: str
    restarts: str
    age: str
    node: str

    @property
    def restarted(self) -> int:
        """The count before its "(5m ago)"; 0 for none that can be read."""
        count = self.restarts.split(" ", 1)[0]
        return int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else 0

    @property
    def rank(self) -> tuple[int, int, str]:
        """Crashing first, then waiting, then not ready; those that serve last, the often restarted first."""
        calm = _CALM.get(self.status)
        if self.status in _WAITS or self.status.startswith("Init:"):
            calm = 1
        if calm == 4:
            have, _, want = self.ready.partition("/")
            calm = 2 if have != want else 4 if self.restarted else 5
        return 0 if calm is None else calm, -self.restarted, self.name

    @property
    def crashes(self) -> bool:
        return self.rank[0] == 0


@dataclass(frozen=True, slots=True)
class Found:
    """The lines shown, how many pods there are beyond them, and what is to be said of all that were looked through."""

    rows: tuple[tuple[str, ...], ...]
    into: tuple[ComponentId, ...]
    more: int
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pods: in a namespace ("" for all), by these parameters; ``count`` is how many there should be."""

    namespace: str
    query: Query
    count: int = 0

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods" if self.namespace else "/api/v1/pods"


async def pods_of(inquiry: Inquiry, choice: Choice) -> Found:
    """Failed where they cannot be listed."""
    (lines, left), uses = await asyncio.gather(
        _lines(inquiry, choice), uses_of(inquiry, choice.namespace, choice.query)
    )
    shown = sorted(lines, key=lambda line: line.rank)[:SHOWN]
    reasons, unsaid = await _reasons(inquiry, choice, shown)
    used = uses if isinstance(uses, Mapping) else {}
    extra = {**_summary(lines), **_total(used), **unsaid}
    if isinstance(uses, Failed) and missing(uses):
        extra["metrics"] = missing(uses)
    return Found(
        tuple(_row(line, used.get(line.name), reasons.get(line.name, "")) for line in shown),
        tuple(inquiry.id("pod", line.namespace or choice.namespace, line.name) for line in shown),
        len(lines) - len(shown) + left,
        extra,
    )


async def _lines(inquiry: Inquiry, choice: Choice) -> tuple[list[Line], int]:
    """Up to ``MOST`` pods, and how many there are beyond."""
    lines: list[Line] = []
    after = ""
    while True:
        include = "None" if choice.namespace else "Metadata"
        query = [*choice.query, ("limit", str(PAGE)), ("includeObject", include)]
        table = await inquiry.get(choice.path, Table, [*query, *([("continue", after)] if after else [])], AS_TABLE)
        names = [column.name.lower() for column in table.column_definitions]
        lines += [_line(row, names) for row in table.rows or ()]
        after = table.metadata.continue_
        if not after:
            return lines, 0
        if len(lines) >= MOST:
            return lines, _left(table, choice.count - len(lines))


def _left(table: Table, guess: int) -> int:
    """A server does not count the rest of a list by selector: the status does."""
    told = table.metadata.remaining_item_count
    return told if told is not None else max(1, guess)


def _line(row: Row, names: Sequence[str]) -> Line:
    cells = dict(zip(names, row.cells, strict=False))
    return Line(
        row.object.metadata.namespace if row.object else "",
        *(_shown(cells.get(name)) for name in ("name", "ready", "status", "restarts", "age", "node")),
    )


def _shown(value: object) -> str:
    """The server writes ``<none>`` where kubectl's reader is to see that there is nothing."""
    return "" if value == "<none>" else cell(value)


def _row(line: Line, use: Use | None, reason: str) -> tuple[str, ...]:
    used = (use.cpu_text, use.memory_text) if use else ("", "")
    return (line.name, line.ready, line.status, line.restarts, line.age, line.node, *used, reason)


async def _reasons(inquiry: Inquiry, choice: Choice, shown: Sequence[Line]) -> tuple[Mapping[str, str], dict[str, str]]:
    """Why pods wait or crash, by name, and why that could not be asked."""
    asked: list[Any] = []
    crashing = [line for line in shown if line.crashes][:EXPLAINED]
    asked += [inquiry.maybe(f"{_home(choice, line)}/{line.name}", Pod) for line in crashing]
    if any(line.rank[0] == 1 for line in shown):
        pending = [*_with_field(choice.query, "status.phase=Pending"), ("limit", str(WAITING))]
        asked.append(inquiry.maybe(choice.path, Pods, pending))
    answers: list[Pod | Pods | Failed] = await asyncio.gather(*asked)
    failed = next((one for one in answers if isinstance(one, Failed) and missing(one)), None)
    pods = [pod for one in answers if not isinstance(one, Failed) for pod in _each(one)]
    return {pod.metadata.name: why(pod) for pod in pods}, {"reasons": failed.reason} if failed else {}


def _home(choice: Choice, line: Line) -> str:
    return f"/api/v1/namespaces/{line.namespace or choice.namespace}/pods"


def _with_field(query: Query, term: str) -> list[tuple[str, str]]:
    """With one more field selector: they are one parameter."""
    fields = [value for key, value in query if key == "fieldSelector"]
    return [*(pair for pair in query if pair[0] != "fieldSelector"), ("fieldSelector", ",".join([*fields, term]))]


def _each(answer: Pod | Pods) -> tuple[Pod, ...]:
    return (answer,) if isinstance(answer, Pod) else answer.items or ()


def _summary(lines: Sequence[Line]) -> dict[str, str]:
    """Restarts, crashes and waits over all pods that were looked through."""
    restarted = [line for line in lines if line.restarted]
    crashing = sum(line.crashes for line in lines)
    waiting = sum(line.rank[0] == 1 for line in lines)
    told = {
        "restarts": f"{sum(line.restarted for line in restarted)} in {len(restarted)} pods" if restarted else "",
        "crashing": str(crashing) if crashing else "",
        "waiting": str(waiting) if waiting else "",
    }
    return {name: text for name, text in told.items() if text}


def _total(uses: Mapping[str, Use]) -> dict[str, str]:
    if not uses:
        return {}
    whole = Use(sum(use.cores for use in uses.values()), sum(use.memory for use in uses.values()))
    return {"uses": f"cpu {whole.cpu_text}, memory {whole.memory_text} in {len(uses)} pods"}


msgspec.json.Decoder(Pods)  # learnt while this module is imported: see objects.py
