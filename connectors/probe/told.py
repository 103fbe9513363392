"""Checks and how they went, as components, drill-downs, and the commands a person would type. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.address import split
from connectors.probe.standing import Standing
from connectors.probe.tried import Tried
from connectors.settings.probe import Check, Settings
from console.model.component import ComponentId
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, Observed

KEPT = 20  # tries, for the share that succeeds and for the drill-down


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one check, or of the deep half of one: where it stands, and its last tries with their times."""

    standing: Standing = field(default_factory=Standing)
    tries: tuple[tuple[float, Tried], ...] = ()

    def after(self, at: float, tried: Tried, settings: Settings) -> Past:
        standing = self.standing.after(tried.ok, settings.rise, settings.fall)
        return Past(standing, (*self.tries[-(KEPT - 1) :], (at, tried)))

    @property
    def last(self) -> Tried:
        return self.tries[-1][1]


def observed(
    component: ComponentId, source: str, past: Past, deep: Past | None, settings: Settings, wall: float
) -> Observed:
    """``up``, and ``deep`` where there is one: 1 or 0, unknown until decided. ``wall``: now, for the certificate."""
    at, last = past.tries[-1]

    def signal(name: str, value: float | None, unit: Unit, note: str = "") -> Signal:
        return Signal(name, value, unit, at, source, note)

    def verdict(name: str, of: Past) -> Signal:
        pending = of.standing.words(settings.rise, settings.fall)
        note = "; ".join(filter(None, (pending, "" if of.last.ok else of.last.said)))
        return signal(name, None if of.standing.up is None else float(of.standing.up), Unit.COUNT, note)

    share = sum(tried.ok for _, tried in past.tries) / len(past.tries)
    found = [
        verdict("up", past),
        *([verdict("deep", deep)] if deep is not None else []),
        signal("probe", last.took, Unit.SECONDS, "" if last.took is not None else last.said),
        signal("well", share, Unit.RATIO, f"of the last {len(past.tries)} tries"),
    ]
    if last.answers is not None:
        found.append(signal("answers", last.answers, Unit.COUNT))
    if last.status is not None:
        found.append(signal("status", last.status, Unit.NONE))
    if last.ends is not None:
        found.append(signal("certificate", last.ends - wall, Unit.SECONDS, "until it ends"))
    return Observed(component, tuple(found), state=_state(past, deep), notes=_notes(past, deep))


def _state(past: Past, deep: Past | None) -> str:
    if past.standing.up is None:
        return "Deciding"
    if not past.standing.up:
        return "Unhealthy"
    return "Degraded" if deep is not None and deep.standing.up is False else "Healthy"


def _notes(past: Past, deep: Past | None) -> tuple[str, ...]:
    told = [] if past.last.ok else [past.last.said]
    return (*told, *([f"deep: {deep.last.said}"] if deep is not None and not deep.last.ok else []))


def detail(component: ComponentId, at: float, check: Check, past: Past, deep: Past | None) -> Detail:
    """The last tries, newest first, and the command to make one by hand."""
    tries = [("", *each) for each in past.tries] + [
        ("deep", *each) for each in (deep.tries if deep is not None else ())
    ]
    rows = tuple(
        (f"{max(0.0, at - when):.0f} s ago", which, "ok" if tried.ok else "FAILED", _took(tried), tried.said)
        for which, when, tried in sorted(tries, key=lambda each: -each[1])
    )
    extra = {"by hand": command(check)} | ({"deep, by hand": command(check, deep=True)} if check.deep else {})
    return Detail(
        component, at, f"{component}: last tries", ("when", "which", "how", "took", "what"), rows, extra=extra
    )


def _took(tried: Tried) -> str:
    return "?" if tried.took is None else f"{tried.took * 1000:.0f} ms"


def command(check: Check, deep: bool = False) -> str:
    """What a person would type to make the same check."""
    if check.dns:
        server = [] if not check.server else _dig_server(check.server)
        return shlex.join(["dig", *server, check.dns, check.record])
    if check.tcp:
        host, port = split(check.tcp)
        return shlex.join(
            ["openssl", "s_client", "-connect", check.tcp] if check.tls else ["nc", "-vz", host, str(port)]
        )
    return shlex.join(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", *_curl(check), _url(check, deep)]
    )


def _dig_server(server: str) -> Sequence[str]:
    host, port = split(server, 53)
    return [f"@{host}"] if port == 53 else [f"@{host}", "-p", str(port)]


def _curl(check: Check) -> Sequence[str]:
    if not check.verify:
        return ["-k"]
    return ["--cacert", check.ca_file] if check.ca_file else []


def _url(check: Check, deep: bool) -> str:
    return check.deep if deep else check.http
