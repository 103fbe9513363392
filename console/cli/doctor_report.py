"""What ``seawall doctor`` prints: of what is well how much it is, what is not in full, with what to do next.

Somebody reads it at three in the morning: a paragraph of what works would hide the line that does not.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from console.model.examination import Examination, Finding, Grade

if TYPE_CHECKING:
    from console.doctor import Diagnosis
    from console.doctor.verdict import Verdict

SCHEMA = "seawall.doctor/1"
WIDTH = 100
LONGEST = 400  # characters of one text from outside
_INDENT = 13
_VERDICTS = {Grade.YES: "could", Grade.NO: "could not", Grade.UNKNOWN: "unknown", Grade.NOTE: "not here"}


def lines(found: Diagnosis, *, everything: bool = False) -> Iterator[str]:
    """For people: sources, playbooks, this machine, and the sum. ``everything``: also each thing that is well."""
    production = ", production" if found.environment.production else ""
    yield f"{found.environment.name}{production}, {found.environment.path}"
    for source in found.sources:
        yield ""
        yield from _wrapped(_heading(source), "", "  ")
        yield from _findings(source.findings, everything)
    yield ""
    yield "playbooks"
    for each in found.verdicts:
        yield from _verdict(each)
    yield ""
    yield "here"
    yield from _findings(found.here, everything)
    yield ""
    counts = Counter(each.grade for each in found.findings)
    more = "" if everything else "; --all tells each yes"
    yield f"{counts[Grade.YES]} yes, {counts[Grade.NO]} no, {counts[Grade.UNKNOWN]} unknown{more}"


def _heading(source: Examination) -> str:
    parts = [source.source]
    parts += [source.version] if source.version else []
    parts += [f"at {source.server}"] if source.server else []
    parts += [f"as {source.who}"] if source.who else []
    parts += [f"identity {source.identity}"] if source.identity not in ("", source.server) else []
    parts += [f"clock {source.skew:+.1f}s"] if source.skew is not None else []
    return parts[0] + ("  " if len(parts) > 1 else "") + ", ".join(map(_short, parts[1:]))


def _findings(findings: Iterable[Finding], everything: bool) -> Iterator[str]:
    """What is well in one line, unless everything is asked for; the rest on lines of its own."""
    told = tuple(findings)
    well = [_words(each) for each in told if each.grade is Grade.YES]
    if well and not everything:
        others = f", and {len(well) - 1} more" if len(well) > 1 else ""
        yield f"  {Grade.YES.value:<{_INDENT - 2}}{_cut(well[0], WIDTH - _INDENT - len(others))}{others}"
    for text in well if everything else ():
        yield from _wrapped(text, f"  {Grade.YES.value:<{_INDENT - 2}}", " " * _INDENT)
    for grade in (Grade.NO, Grade.UNKNOWN, Grade.NOTE):
        for text in _together((_short(each.what), _because(each)) for each in told if each.grade is grade):
            yield from _wrapped(text, f"  {grade.value:<{_INDENT - 2}}", " " * _INDENT)


def _words(finding: Finding) -> str:
    """``list pods in shop (3 pods)``, of what is well."""
    reason = _short(finding.reason)
    return f"{_short(finding.what)} ({reason})" if reason else _short(finding.what)


def _because(finding: Finding) -> str:
    return "; ".join(filter(None, (_short(finding.reason), _short(finding.advice))))


def _together(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """``set a of x, set b of x: 403 …; ask for a role``: what has one reason is told with it, once."""
    whats: dict[str, dict[str, None]] = {}
    for what, why in told:
        whats.setdefault(why, {})[what] = None
    for why, each in whats.items():
        yield ", ".join(each) + (f": {why}" if why else "")


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield from _wrapped(f"{verdict.name}: {verdict.title}", f"  {_VERDICTS[verdict.grade]:<{_INDENT - 2}}", " " * 17)
    below = " " * (_INDENT + 2)
    split = (_short(each).partition(": ") for each in verdict.reasons)
    for reason in _together((what, why) for what, _, why in split):
        yield from _wrapped(reason, below, below + "  ")
    if verdict.unproven:
        yield from _wrapped(f"not proven: there is no reading of {', '.join(verdict.unproven)}", below, below + "  ")


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False, replace_whitespace=False
    )


def _short(text: str) -> str:
    return _cut(text, LONGEST)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def document(found: Diagnosis) -> dict[str, object]:
    """For programs."""
    counts = Counter(each.grade for each in found.findings)
    return {
        "schema": SCHEMA,
        "environment": found.environment.name,
        "path": str(found.environment.path),
        "production": found.environment.production,
        "sources": [_source(each) for each in found.sources],
        "playbooks": [_playbook(each) for each in found.verdicts],
        "here": [_finding(each) for each in found.here],
        "counts": {grade.value: counts[grade] for grade in Grade},
    }


def _source(source: Examination) -> dict[str, object]:
    return {
        "name": source.source,
        "server": source.server,
        "version": source.version,
        "identity": source.identity,
        "who": source.who,
        "skew": source.skew,
        "findings": [_finding(each) for each in source.findings],
    }


def _finding(finding: Finding) -> dict[str, object]:
    write = finding.write
    return {
        "what": finding.what,
        "grade": finding.grade.value,
        "reason": finding.reason,
        "advice": finding.advice,
        "kind": None if finding.kind is None else finding.kind.value,
        "write": None if write is None else {"component": write.component, "fact": write.fact},
    }


def _playbook(verdict: Verdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "title": verdict.title,
        "verdict": _VERDICTS[verdict.grade],
        "reasons": list(verdict.reasons),
        "unproven": list(verdict.unproven),
        "writes": [
            {
                "component": write.component,
                "fact": write.fact,
                "grade": Grade.UNKNOWN.value if finding is None else finding.grade.value,
            }
            for write, finding in verdict.writes
        ],
    }
