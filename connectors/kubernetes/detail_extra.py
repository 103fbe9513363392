"""What is said beside a drill-down's table: who manages the object, and the marks that changes left on it."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.kubernetes.inquiry import cell
from connectors.kubernetes.marks import UnreadableMarks, decode
from connectors.kubernetes.objects import Metadata
from connectors.kubernetes.owners import manager
from connectors.kubernetes.read import marks_text


def extra_of(metadata: Metadata) -> Iterator[tuple[str, str]]:
    if who := manager(metadata):
        yield "managed by", who
    elif metadata.labels and metadata.labels.managed_by:
        yield "managed by", cell(metadata.labels.managed_by)
    try:
        entries = decode(marks_text(metadata))
    except UnreadableMarks as unreadable:
        yield "marks", str(unreadable)
        return
    for entry in entries:
        yield f"{entry.fact} by {entry.run} {entry.step}", f"{entry.before} → {entry.after}: {entry.reason}"
