"""Whether a playbook could do its work here. Pure: needs, what was observed, and the answers about its writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.model.examination import Finding, Grade, Write
from console.model.topology import Topology
from playbooks.exits import Exit, Refused
from playbooks.needs import Needs
from playbooks.plan import plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """``grade`` YES: it could; NOTE: the config has no place for some of its steps, so it is for another estate.

    ``reasons``: why not, or why that cannot be known. ``unproven``: signals of its checks of which there is no reading,
    without which a run ends as in force and not proven.
    """

    name: str
    title: str
    grade: Grade
    reasons: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    writes: tuple[tuple[Write, Finding | None], ...] = ()


def verdict(
    needs: Needs, topology: Topology, answers: Mapping[Write, Finding], environment: str, created: float
) -> Verdict:
    """The worst of: writes that are refused, a plan that is refused, and what could not be asked or read."""
    writes = tuple((write, answers.get(write)) for write in needs.writes)
    refused, unknown = _planned(needs, topology, environment, created)
    for write, finding in writes:
        if finding is None:
            unknown += (f"{_words(write)}: nobody could be asked",)
        elif finding.grade is Grade.NO:
            refused += (_because(write, finding),)
        elif finding.grade is Grade.UNKNOWN:
            unknown += (_because(write, finding),)
    grade = Grade.NO if refused else Grade.UNKNOWN if unknown else Grade.YES
    return Verdict(
        needs.playbook.name,
        needs.playbook.title,
        Grade.NOTE if needs.missing else grade,
        tuple(dict.fromkeys(needs.missing + refused + unknown)),
        tuple(each for each in needs.signals if topology.reading(each) is None),
        writes,
    )


def _planned(
    needs: Needs, topology: Topology, environment: str, created: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why it cannot be planned now, and why that cannot be known. The first obstacle only: a plan stops there."""
    if needs.missing:
        return (), ()
    try:
        plan(needs.playbook, needs.params, topology, environment, created)
    except Refused as error:
        return ((), (error.reason,)) if error.exit is Exit.UNREACHABLE else ((error.reason,), ())
    return (), ()


def _because(write: Write, finding: Finding) -> str:
    reason = f": {finding.reason}" if finding.reason else ""
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{_words(write)}{reason}{advice}"


def _words(write: Write) -> str:
    return f"set {write.fact} of {write.component}"
