"""One alert's life: pending, firing, gone. A pure state machine, one step an evaluation.

After Prometheus 2.42's alerting rules: a condition must hold for ``for`` before it fires, an alert may go on for
``keep_firing_for`` after its condition has ended, and one that comes back starts anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.simulator.prometheus.labels import Labels

Annotations = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """Times in simulated ms."""

    labels: Labels
    annotations: Annotations
    value: float
    active: int  # since when its condition holds
    fired: int | None = None  # None: pending
    kept: int | None = None  # since when it fires without its condition

    @property
    def state(self) -> str:
        return "pending" if self.fired is None else "firing"


@dataclass(frozen=True, slots=True)
class Found:
    """One element that an alert's expression gave."""

    value: float
    annotations: Annotations


def advanced(
    alerts: Mapping[Labels, Alert], found: Mapping[Labels, Found], now: int, waits: int, keeps: int
) -> dict[Labels, Alert]:
    """The alerts after one evaluation; ``waits`` and ``keeps`` in ms."""
    alive = {labels: kept(alert, now, keeps) for labels, alert in alerts.items() if labels not in found}
    after = {labels: alert for labels, alert in alive.items() if alert is not None}
    for labels, element in found.items():
        before = alerts.get(labels) or Alert(labels, element.annotations, element.value, now)
        alert = replace(before, annotations=element.annotations, value=element.value, kept=None)
        due = alert.fired is None and now - alert.active >= waits
        after[labels] = replace(alert, fired=now) if due else alert
    return after


def kept(alert: Alert, now: int, keeps: int) -> Alert | None:
    """An alert whose condition does not hold now; None when it is over."""
    if alert.fired is None or not keeps:
        return None
    since = now if alert.kept is None else alert.kept
    return replace(alert, kept=since) if now - since < keeps else None
