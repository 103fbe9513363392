"""Pod disruption budgets as components: how many pods may be taken away on purpose now. Pure.

Where none may, drains and evictions wait: of a node that must go, and of a playbook that restarts pods.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from connectors.kubernetes.objects import Condition, Metadata, Read, Selector
from connectors.kubernetes.read import Reading
from console.model.snapshot import Observed


class BudgetSpec(Read, frozen=True):
    """Exactly one of the two is set: a count, or a percentage as text."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: Selector | None = None


class BudgetStatus(Read, frozen=True):
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] | None = None


class Budget(Read, frozen=True):
    metadata: Metadata
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()


msgspec.json.Decoder(Budget)  # learnt while this module is imported: see objects.py


def observed_budget(one: Budget, reading: Reading) -> Observed:
    """Unknown, and not 0, before the controller has looked at it."""
    status = one.status
    looked = status.observed_generation > 0
    values = {
        "disruptions_allowed": status.disruptions_allowed,
        "healthy": status.current_healthy,
        "healthy_least": status.desired_healthy,
        "expected": status.expected_pods,
    }
    note = "" if looked else "not looked at yet"
    return Observed(
        reading.id("pdb", one.metadata),
        tuple(reading.count(name, value if looked else None, note) for name, value in values.items()),
        state=_state(status) if looked else "",
        notes=tuple(_notes(status)) if looked else (),
    )


def _state(status: BudgetStatus) -> str:
    if not status.expected_pods:
        return "Idle"
    return "Allowed" if status.disruptions_allowed else "Blocked"


def _notes(status: BudgetStatus) -> Iterator[str]:
    """Why nothing may be taken away: too few are healthy, or the budget never allows it."""
    if not status.expected_pods or status.disruptions_allowed:
        return
    if status.current_healthy < status.desired_healthy:
        yield f"{status.current_healthy} of {status.desired_healthy} healthy: no disruption allowed"
    elif status.desired_healthy >= status.expected_pods:
        yield "never allows a disruption: drains wait for ever"
    else:
        yield "no disruption allowed"
