"""What a reply of the query API means: one number a query, or why there is none. Pure.

The queries of a batch go out as one, each result told apart by a label: a request costs the console more than its
answer (a millisecond and more of CPU).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.failure import Failed, kind_of_status, one_line
from console.model.snapshot import FailureKind

LABEL = "seawall_query"
TENANT = 'set tenant = "…": it is sent as X-Scope-OrgID'
PAGE = "a sign-in proxy or a wrong path: give credentials that it takes, or the address of the API itself"
MEND = "mend the query or its match; `seawall query` prints it as it is sent"
BEHIND = "a proxy answers there, and what it stands for does not"


@dataclass(frozen=True, slots=True)
class Answer:
    """A number, or why there is none. ``failed`` where the question did not get an answer at all.

    ``at``: estate seconds when it came; None where nothing did.
    """

    value: float | None
    note: str = ""
    failed: Failed | None = None
    at: float | None = None


class BadQuery(Failed):
    """The server is well and the query is not: refused (400, 422), too long (414, 431), or with too large an answer."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(FailureKind.PROTOCOL, reason, advice=MEND, status=status)


def together(exprs: Sequence[str]) -> str:
    """One query for several, whose series say in a label which of them they answer."""
    return " or ".join(_labelled(expr, n) for n, expr in enumerate(exprs)) if len(exprs) > 1 else exprs[0]


def _labelled(expr: str, n: int) -> str:
    # On its own lines: a query may end in a comment.
    return f'label_replace((\n{expr}\n), "{LABEL}", "{n}", "", "")'


def split(result: object, queries: int) -> list[list[object]]:
    """The series of each query, by the label that ``together`` put on them."""
    parts: dict[str, list[object]] = {str(n): [] for n in range(queries)}
    if not isinstance(result, list):
        raise Failed(FailureKind.PROTOCOL, "an answer that is no vector")
    for series in result:
        match series:
            case {"metric": {"seawall_query": str() as n}} if n in parts:
                parts[n].append(series)
            case _:
                raise Failed(FailureKind.PROTOCOL, "an answer to something that was not asked")
    return list(parts.values())


def read_result(result: object) -> Answer:
    """One number out of the ``result`` of an instant query: a scalar, or a vector of one series."""
    match result:
        case []:
            return Answer(None, "no series")
        case [int() | float(), str() as text]:
            return _number(text)
        case [{"value": [_, str() as text]}]:
            return _number(text)
        case [{"histogram": _}]:
            return Answer(None, "a histogram, expected a number")
        case [_, _, *_]:
            return Answer(None, f"{len(result)} series, expected 1")
    raise Failed(FailureKind.PROTOCOL, "an answer that is neither a scalar nor a vector")


def _number(text: str) -> Answer:
    try:
        value = float(text)
    except ValueError:
        return Answer(None, f"not a number: {one_line(text, 40)}")
    if math.isnan(value):
        return Answer(None, "NaN")
    return Answer(value) if math.isfinite(value) else Answer(None, "infinite")


def warnings_of(body: bytes) -> tuple[str, ...]:
    """What the server says was missing when it answered: Prometheus and Thanos in ``warnings``, VictoriaMetrics in
    ``isPartial``. At most three, each a line."""
    if b'"warnings"' not in body and b'"isPartial"' not in body:
        return ()
    document = _document(body)
    said = document.get("warnings")
    warnings = tuple(one_line(each) for each in said if isinstance(each, str)) if isinstance(said, list) else ()
    partial = ("partial: some storage nodes did not answer",) if document.get("isPartial") is True else ()
    return (*partial, *dict.fromkeys(warnings))[:3]


def warned(answer: Answer, warnings: tuple[str, ...]) -> Answer:
    """The answer with a note that something was missing, where it has a number."""
    if not warnings or answer.value is None:
        return answer
    return replace(answer, note=one_line(f"the server warns: {warnings[0]}", 100))


def page(body: bytes, content_type: str) -> bool:
    """Whether this is a page for a browser: a login form, a 404 of some other server."""
    return content_type.partition(";")[0].strip().lower() == "text/html" or body.lstrip()[:1] == b"<"


def refusal(status: int, reason: str, body: bytes, wait: float | None) -> Failed:
    """What a status of 400 and above means. ``reason`` is the status line's, ``wait`` the ``Retry-After``'s seconds."""
    document = _document(body)
    said = document.get("error")
    text = f"{status} {one_line(said if isinstance(said, str) else reason)}".strip()
    if (status in (400, 422) and isinstance(said, str)) or status in (414, 431):
        return BadQuery(text, status)
    kind = kind_of_status(status, wait)
    if document.get("errorType") == "timeout":
        kind = FailureKind.TIMED_OUT
    advice = TENANT if b"no org id" in body[:200] else BEHIND if status in (502, 503) and not said else ""
    return Failed(kind, text, advice=advice or ADVICE.get(kind, ""), status=status, retry_after=wait)


def _document(body: bytes) -> dict[str, object]:
    """The reply's JSON object; empty where something else answered, whose page is of no use here."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


ADVICE = {
    FailureKind.REFUSED: "check that Prometheus runs there, and that the port is right",
    FailureKind.NAME: "check the host name in the url",
    FailureKind.TLS: "check the certificate; ca_file names an own authority, cert_file and key_file a client's",
    FailureKind.EXPIRED: "renew the token or password",
    FailureKind.FORBIDDEN: "ask for leave to query; the credentials themselves are valid",
}
