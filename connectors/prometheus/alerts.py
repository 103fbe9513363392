"""The alerts that Prometheus has raised, by ``/api/v1/alerts``: as many as a screen can bear, and as long.

What an alert says is written by whoever wrote its rule and labelled by whoever exports the metric, so every text has a
bound. An alert's time is the server's wall time; it is told in estate time, from which its age is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase

import msgspec

from connectors import Clock
from connectors.failure import Failed
from console.model.alert import Alert, AlertState
from console.model.snapshot import FailureKind

PATH = "/api/v1/alerts"
MOST = 200  # alerts that are told; the rest is counted
LABELS = 24  # of one alert
LONGEST = 300  # characters of a name, a label or a summary
_STATES = {state.value: state for state in AlertState}
Since = Callable[[float], float]  # wall seconds → estate seconds


class _Told(msgspec.Struct, frozen=True):
    state: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    activeAt: str = ""  # noqa: N815 - the name on the wire


class _Data(msgspec.Struct, frozen=True):
    alerts: tuple[_Told, ...] | None = None


class _Reply(msgspec.Struct, frozen=True):
    data: _Data


_decoder = msgspec.json.Decoder(_Reply)


def alerts_of(body: bytes, source: str, since: Since, match: Mapping[str, str]) -> tuple[tuple[Alert, ...], int]:
    """Those that ``match`` lets through (a glob for each label that it names), firing before pending, the oldest first,
    and how many more there are. Failed where the reply is of another form."""
    try:
        told = _decoder.decode(body).data.alerts or ()
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Failed(FailureKind.PROTOCOL, "alerts: an answer of another form than Prometheus's") from error
    wanted = [each for each in told if each.state in _STATES and _matches(each.labels, match)]
    wanted.sort(key=lambda each: (each.state, each.activeAt))
    return tuple(_alert(each, source, since) for each in wanted[:MOST]), len(wanted[MOST:])


def estate_time(clock: Clock) -> Since:
    """Wall time as estate time, at the pace of now."""
    now, wall, speed = clock.now(), clock.wall(), clock.speed
    return lambda then: now - (wall - then) * speed


def _matches(labels: Mapping[str, str], match: Mapping[str, str]) -> bool:
    return all(fnmatchcase(labels.get(name, ""), glob) for name, glob in match.items())


def _alert(told: _Told, source: str, since: Since) -> Alert:
    labels = {_cut(name): _cut(value) for name, value in list(told.labels.items())[:LABELS] if name != "alertname"}
    active = _wall(told.activeAt)
    return Alert(
        name=_cut(told.labels.get("alertname", "")),
        state=_STATES[told.state],
        since=None if active is None else since(active),
        source=source,
        severity=_cut(told.labels.get("severity", "")),
        summary=_cut(told.annotations.get("summary") or told.annotations.get("description", "")),
        labels=labels,
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _wall(text: str) -> float | None:
    """Seconds since the epoch; None for no time, and for Go's zero time, which means none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.year < 1970 or moment.tzinfo is None else moment.timestamp()
