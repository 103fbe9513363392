"""Examines an environment on a calm day: each connection, each permission, each playbook, and this machine.

Nothing is written anywhere. Every source is asked at the same time and has one deadline for all that it is asked, so
that one that hangs costs that long and no other its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from connectors import Clock, Connector, ConnectorError, Examining
from console.config import Environment
from console.config_error import ConfigError
from console.doctor.verdict import Verdict, verdict
from console.model.component import source_of
from console.model.examination import Examination, Finding, Grade, Write
from console.model.observe import empty, observe
from console.model.snapshot import FailureKind, Seen, Snapshot, Unreachable
from console.model.topology import Topology
from console.session import open_connectors
from playbooks.needs import Needs, needs_of
from playbooks.playbook import Playbook

DEADLINE = 30.0  # wall seconds for one source: a login, a reading and some dozens of questions
SKEW = 2.0  # seconds: tokens and tickets are commonly given this much, and a scrape is some seconds old
_AWAY = (FailureKind.REFUSED, FailureKind.TIMED_OUT, FailureKind.NAME, FailureKind.THROTTLED)

Progress = Callable[[tuple[str, ...]], None]
"""Told the sources that have not answered yet, each time that one has."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. ``here`` is about this machine."""

    environment: Environment
    sources: tuple[Examination, ...]
    verdicts: tuple[Verdict, ...]
    here: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*(finding for each in self.sources for finding in each.findings), *self.here)


async def diagnose(
    environment: Environment, clock: Clock, playbooks: Iterable[Playbook], here: tuple[Finding, ...], progress: Progress
) -> Diagnosis:
    """Everything. Never raises for a sick backend; ends within ``DEADLINE`` and a little."""
    needs = tuple(needs_of(each, environment.layout) for each in playbooks)
    waiting = dict.fromkeys(environment.connectors)
    progress(tuple(waiting))

    async def look(name: str) -> tuple[Examination, Seen | None]:
        found = await _look(name, environment, clock, _writes(needs, name))
        del waiting[name]
        progress(tuple(waiting))
        return found

    looked = await asyncio.gather(*(look(name) for name in environment.connectors))
    topology = _observed(environment, (seen for _, seen in looked if seen is not None))
    answers = {each.write: each for found, _ in looked for each in found.findings if each.write is not None}
    return Diagnosis(
        environment,
        tuple(found for found, _ in looked),
        tuple(verdict(each, topology, answers, environment.name, clock.wall()) for each in needs),
        here,
    )


def away(finding: Finding) -> bool:
    """Whether this is no answer at all: nobody was there to refuse."""
    return finding.grade is Grade.UNKNOWN or (finding.grade is Grade.NO and finding.kind in _AWAY)


def _writes(needs: Iterable[Needs], source: str) -> tuple[Write, ...]:
    """What all playbooks together would write there, each once."""
    return tuple(
        dict.fromkeys(write for each in needs for write in each.writes if source_of(write.component) == source)
    )


def _observed(environment: Environment, seen: Iterable[Seen]) -> Topology:
    topology = empty(environment.layout)
    for each in seen:
        topology = observe(topology, each)
    return topology


async def _look(
    name: str, environment: Environment, clock: Clock, writes: tuple[Write, ...]
) -> tuple[Examination, Seen | None]:
    try:
        return await _asked(name, environment, clock, writes)
    except (ConfigError, ConnectorError) as error:
        reason = str(error).removeprefix(f"{environment.path}: ")
        return _failed(name, Finding("open", Grade.NO, reason, "mend the config")), None
    except Exception as error:  # noqa: BLE001 - a mistake in one connector must not take the others away
        reason = f"{type(error).__name__}: {error}"
        return _failed(name, Finding("examine", Grade.UNKNOWN, reason, "a mistake in Seawall: please report it")), None


async def _asked(
    name: str, environment: Environment, clock: Clock, writes: tuple[Write, ...]
) -> tuple[Examination, Seen | None]:
    alone = replace(environment, connectors={name: environment.connectors[name]})
    connector = open_connectors(alone, clock)[name]
    seen: Seen | None = None
    try:
        async with asyncio.timeout(DEADLINE):
            seen = await connector.read()
            return _told(await _examined(connector, writes), seen), seen
    except TimeoutError:
        reason = f"not all answers came within {DEADLINE:g}s"
        late = Finding("answer", Grade.UNKNOWN, reason, kind=FailureKind.TIMED_OUT)
        return _failed(name, *_reading(seen), late), seen
    finally:
        await connector.close()


async def _examined(connector: Connector, writes: tuple[Write, ...]) -> Examination:
    if isinstance(connector, Examining):
        return await connector.examine(writes)
    return _failed(connector.name, Finding("permissions", Grade.UNKNOWN, "this connector cannot be asked"))


def _told(found: Examination, seen: Seen) -> Examination:
    """The examination, with what the reading before it showed; a failure that both met is told once."""
    met = isinstance(seen, Unreachable) and any(each.kind is seen.kind for each in found.findings)
    skew = found.skew if found.skew is not None or isinstance(seen, Unreachable) else seen.skew
    identity = found.identity or (seen.identity if isinstance(seen, Snapshot) else "")
    return replace(
        found, skew=skew, identity=identity, findings=(*_reading(None if met else seen), *_clock(skew), *found.findings)
    )


def _reading(seen: Seen | None) -> tuple[Finding, ...]:
    if seen is None:
        return ()
    if isinstance(seen, Unreachable):
        return (Finding("read", Grade.NO, f"{seen.kind}: {seen.reason}", seen.advice, kind=seen.kind),)
    count = len(seen.components)
    told = f"{count} component{'' if count == 1 else 's'} in {seen.took * 1000:.0f} ms"
    return (Finding("read", Grade.YES, told), *(Finding("read all", Grade.NO, each) for each in seen.problems))


def _clock(skew: float | None) -> tuple[Finding, ...]:
    if skew is None or abs(skew) <= SKEW:
        return ()
    side = "ahead of" if skew > 0 else "behind"
    reason = f"{abs(skew):.1f}s {side} this machine's clock"
    return (Finding("clock", Grade.NO, reason, "set both by a time server: ages and tokens go by them"),)


def _failed(name: str, *findings: Finding) -> Examination:
    return Examination(name, "", findings=findings)
