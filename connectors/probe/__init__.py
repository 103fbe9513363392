"""Probes: names looked up, connections made, health checks asked for, from the machine that the console runs on.

So that DNS, a CDN and a gateway have a truth of their own where no exporter tells it. One round is all checks side by
side; each is decided by its own tries, and none can make the source itself unreachable: that a check fails is what it
is there to say. What is seen from here is what is seen from here: a bastion inside the network may reach what users
cannot, and the other way round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from connectors import Clock, ConnectorError
from connectors.address import split
from connectors.deadline import Line, Overdue, within
from connectors.failure import ADVICE
from connectors.probe.connection import connect
from connectors.probe.look_up import look_up
from connectors.probe.request import request
from connectors.probe.told import Past, command, detail, observed
from connectors.probe.tried import Tried, overdue
from connectors.secret import MissingSecret
from connectors.settings.probe import Check, Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId, name_of
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable

__all__ = ["ProbeConnector", "Settings", "open_connector"]

MOST = 64  # tries in a round, each in a thread of its own: one that hangs must not make another late
SLACK = 0.5  # wall seconds that a try may take beyond its timeout
HERE = "this machine"

Try = Callable[[Line], Tried]


def open_connector(name: str, settings: Settings, clock: Clock) -> ProbeConnector:
    """ConnectorError where the settings cannot work. Nothing is sent yet."""
    if not 1 <= settings.rise <= 100 or not 1 <= settings.fall <= 100:
        raise ConnectorError(f"{name}: rise and fall are 1 to 100")
    if not 1 <= _tries_of(settings) <= MOST:
        raise ConnectorError(f"{name}: 1 to {MOST} checks; a deep one counts twice")
    for check_name, check in settings.checks.items():
        problem = next(_problems(check_name, check), None)
        if problem:
            raise ConnectorError(f"{name}: checks.{check_name}: {problem}")
    return ProbeConnector(name, settings, clock)


class ProbeConnector:
    """One component a check, ``<name>/<check>``."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._bulkhead = Bulkhead(name, _tries_of(settings))
        self._past: Mapping[tuple[str, bool], Past] = {}

    async def read(self) -> Seen:
        """Every check tried once more. Takes no longer than one try may."""
        started = self._clock.monotonic()
        await self._try_all()
        at, wall = self._clock.now(), self._clock.wall()
        components = tuple(
            observed(
                f"{self.name}/{each}",
                self.name,
                self._past[each, False],
                self._past.get((each, True)),
                self._settings,
                wall,
            )
            for each in self._settings.checks
        )
        return Snapshot(self.name, at, self._clock.monotonic() - started, components, identity=HERE)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The last tries of a check."""
        check, at = self._settings.checks.get(name_of(component)), self._clock.now()
        past = self._past.get((name_of(component), False))
        if check is None or past is None:
            reason = f"{component} is no check" if check is None else f"{component} was not tried yet"
            return Unreachable(self.name, at, FailureKind.NOT_FOUND, reason)
        return detail(component, at, check, past, self._past.get((name_of(component), True)))

    def behind(self, component: ComponentId, signal: str) -> str:
        check = self._settings.checks.get(name_of(component))
        return "" if check is None else command(check, deep=signal == "deep" and bool(check.deep))

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """Every check tried once; there is nothing to write."""
        await self._try_all()
        findings = [
            Finding(
                command(self._settings.checks[name], deep),
                Grade.YES if past.last.ok else Grade.NO,
                past.last.said,
                ADVICE[past.last.kind] if past.last.kind is not None else "",
                kind=past.last.kind,
            )
            for (name, deep), past in self._past.items()
        ]
        refused = [Finding(f"set {each.fact}", Grade.NO, "a probe sets nothing", write=each) for each in writes]
        return Examination(self.name, HERE, identity=HERE, findings=(*findings, *refused))

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED, f"{change.component}: a probe sets nothing")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: a probe sets nothing")

    async def close(self) -> None:
        self._bulkhead.close()

    async def _try_all(self) -> None:
        wanted = [
            ((name, deep), attempt)
            for name, check in self._settings.checks.items()
            for deep, attempt in self._tries(check)
        ]
        tried = await asyncio.gather(*(self._try(attempt) for _, attempt in wanted))
        at = self._clock.now()
        self._past = {
            key: self._past.get(key, Past()).after(at, one, self._settings)
            for (key, _), one in zip(wanted, tried, strict=True)
        }

    async def _try(self, attempt: Try) -> Tried:
        try:
            return await within(self._bulkhead, self._settings.timeout + SLACK, attempt)
        except Overdue:
            return overdue(self._settings.timeout)

    def _tries(self, check: Check) -> Iterator[tuple[bool, Try]]:
        """The tries that a check is made of; True: of its deep half."""
        timeout = self._settings.timeout
        if check.dns:
            yield False, lambda _: look_up(check, timeout)
        elif check.tcp:
            yield False, lambda line: connect(check, timeout, line)
        else:
            yield False, lambda _: request(check, check.http, timeout)
            if check.deep:
                yield True, lambda _: request(check, check.deep, timeout)


def _tries_of(settings: Settings) -> int:
    return sum(2 if check.deep else 1 for check in settings.checks.values())


def _problems(name: str, check: Check) -> Iterator[str]:
    """What is wrong with a check, in words."""
    if not name or set(name) & set("./ "):
        yield "a check's name is without '.', '/' and blanks"
    if sum(map(bool, (check.dns, check.tcp, check.http))) != 1:
        yield "a check has exactly one of dns, tcp and http"
    if check.deep and not check.http:
        yield "deep goes with http"
    yield from _bad_places(check)
    if check.ca_file and not Path(check.ca_file).expanduser().is_file():
        yield f"no such file: {check.ca_file}"
    try:
        _ = check.token and check.token.reveal()
    except MissingSecret as missing:
        yield str(missing)


def _bad_places(check: Check) -> Iterator[str]:
    for address, default in ((check.tcp, None), (check.server, 53)):
        try:
            _ = address and split(address, default)
        except ValueError as error:
            yield str(error)
    for url in filter(None, (check.http, check.deep)):
        try:
            parts = urlsplit(url)
            bad = parts.scheme not in ("http", "https") or not parts.hostname or bool(parts.username) or parts.port == 0
        except ValueError:
            bad = True
        if bad:
            yield "a URL is like https://host/path, without credentials"
