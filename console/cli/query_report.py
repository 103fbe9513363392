"""What ``seawall query`` prints: answers in words and as a document. Nothing here asks anyone but for ghosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from connectors import Explaining
from console.cli.reading_document import reading_document
from console.cli.wanted import Wanted, no_such
from console.model.component import ComponentId, Health, source_of
from console.model.reading import Reading
from console.model.snapshot import Unreachable
from console.model.units import UNKNOWN, show_duration

if TYPE_CHECKING:
    from console.model.topology import Component, Topology
    from console.session import Session

SCHEMA = "seawall.query/1"
Ghosts = Mapping[str, Mapping[str, Reading] | Unreachable]
"""By alias."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One signal. ``reading`` None: nobody has told it, for ``failure``."""

    alias: str
    signal: str
    reading: Reading | None
    component: ComponentId
    query: str = ""
    reason: str = ""  # the rule that fires
    failure: str = ""

    @property
    def name(self) -> str:
        return f"{self.alias}.{self.signal}"

    @property
    def known(self) -> bool:
        return self.reading is not None and self.reading.value is not None and not self.reading.stale


def answers(session: Session, asked: Wanted) -> tuple[Answer, ...]:
    """An answer for every signal that is meant. ClickException for a pattern that means none, where all was read."""
    components = [each for each in session.topology.components if each.alias in asked.aliases]
    known = {each.alias: (*asked.told[each.alias], *each.readings) for each in components}
    found = tuple(
        _answer(session, each, name) for each in components for name in asked.names(each.alias, known[each.alias])
    )
    names = tuple(f"{alias}.{name}" for alias, signals in known.items() for name in dict.fromkeys(signals))
    for pattern in asked.patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            found += (_missing(session.topology, pattern, components, names),)
    return found


async def ghosts(session: Session, asked: Wanted, found: tuple[Answer, ...]) -> Ghosts:
    """The lines' readings as they were, or why nobody can tell; empty where that was not asked."""
    if asked.back is None:
        return {}
    return {alias: await session.ghost(alias, asked.back) for alias in dict.fromkeys(each.alias for each in found)}


def _answer(session: Session, component: Component, signal: str) -> Answer:
    reading = component.readings.get(signal)
    owner = _owner(session.topology, component, signal, reading)
    connector = session.connectors.get(source_of(owner))
    return Answer(
        component.alias,
        signal,
        reading,
        owner,
        query=connector.behind(owner, signal) if isinstance(connector, Explaining) else "",
        reason=next((why for why in component.reasons if why.startswith(f"{signal} ")), ""),
        failure=_failure(session.topology, source_of(owner)),
    )


def _owner(topology: Topology, component: Component, signal: str, reading: Reading | None) -> ComponentId:
    """Which of the line's components has the signal: one that reports it, else the first of its source."""
    for each in component.ids:
        observed = topology.observed.get(each)
        if observed is None or (reading is not None and source_of(each) != reading.source):
            continue
        if signal in {*(one.name for one in observed.signals), *(one.rate_name for one in observed.counters)}:
            return each
    if reading is None:
        return next((each for each in component.ids if topology.observed.get(each) is None), component.id)
    return next((each for each in component.ids if source_of(each) == reading.source), component.id)


def _failure(topology: Topology, source: str) -> str:
    stand = topology.sources.get(source)
    if stand is None:
        return f"{source} is not configured"
    failure = stand.failure
    return "" if failure is None else f"{source} {failure.kind}: {failure.reason}"


def _missing(topology: Topology, pattern: str, components: list[Component], names: tuple[str, ...]) -> Answer:
    """A signal that nobody has told: unknown where a source of its lines failed; ClickException where none did."""
    alias, _, signal = pattern.partition(".")
    for component in components:
        for each in component.ids if fnmatchcase(component.alias, alias) else ():
            failure = _failure(topology, source_of(each))
            if failure:
                return Answer(component.alias, signal, None, each, failure=failure)
    raise no_such(pattern, names)


def lines(session: Session, found: tuple[Answer, ...], past: Ghosts) -> Iterator[str]:
    """Each signal on a line, and what is to be known of it below."""
    now = session.clock.now()
    wide = max((len(answer.name) for answer in found), default=0)
    for answer in found:
        yield f"{answer.name:<{wide}}  {_told(answer, now)}"
        yield from (f"    {text}" for text in _below(answer, past))


def _told(answer: Answer, now: float) -> str:
    reading = answer.reading
    if reading is None:
        return UNKNOWN
    age = f"{show_duration(round(now - reading.at))} old" if now - reading.at >= 1 else "now"
    health = (reading.health if answer.known else max(reading.health, Health.UNKNOWN)).word
    stale = ", stale" if reading.stale else ""
    return f"{reading.text}  {health}  {reading.source}, {age}{stale}"


def _below(answer: Answer, past: Ghosts) -> Iterator[str]:
    if answer.reason:
        yield answer.reason
    if answer.reading is not None and answer.reading.note:
        yield answer.reading.note
    if answer.failure and not answer.known:
        yield answer.failure
    yield from answer.query.splitlines()
    if answer.alias in past:
        yield f"before: {_before(answer, past[answer.alias])}"


def _before(answer: Answer, ghost: Mapping[str, Reading] | Unreachable) -> str:
    if isinstance(ghost, Unreachable):
        return f"{UNKNOWN} ({ghost.reason})"
    then = ghost.get(answer.signal)
    if then is None or then.value is None:
        return f"{UNKNOWN} ({then.note or 'no data'})" if then else f"{UNKNOWN} (its source keeps no past of it)"
    now = answer.reading.value if answer.reading is not None else None
    if now is None or not then.value:
        return then.text
    return f"{then.text}, now {now / then.value:.2f} times as much"


def document(session: Session, found: tuple[Answer, ...], past: Ghosts) -> dict[str, object]:
    """The same for programs; every value in base units."""
    return {
        "schema": SCHEMA,
        "environment": session.environment.name,
        "at": session.clock.now(),
        "signals": [_document(answer, past) for answer in found],
    }


def _document(answer: Answer, past: Ghosts) -> dict[str, object]:
    reading = answer.reading
    return {
        "name": answer.name,
        "component": answer.component,
        "known": answer.known,
        "reading": None if reading is None else reading_document(reading),
        "reason": answer.reason,
        "failure": answer.failure,
        "query": answer.query,
        "before": _ghost(answer, past.get(answer.alias)),
    }


def _ghost(answer: Answer, ghost: Mapping[str, Reading] | Unreachable | None) -> object:
    if ghost is None:
        return None
    if isinstance(ghost, Unreachable):
        return {"failure": {"kind": ghost.kind, "reason": ghost.reason}}
    then = ghost.get(answer.signal)
    return None if then is None else {"reading": reading_document(then)}
