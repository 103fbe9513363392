"""One Prometheus, asked from a bulkhead's threads.

PrometheusConnect as it comes retries by itself, waits ten times its timeout for a server that hangs, keeps ten
connections, and says what went wrong in one string. So it gets its own session: no retries, a pool as wide as the
bulkhead, credentials that neither .netrc nor a redirect to another host can change, and a hook that turns an HTTP
status into what it means.

A request costs the console more than its answer (a millisecond and more of CPU), so the queries of one component go
out as one, each result told apart by a label. Where that is refused they go out alone, to learn which one is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.deadline import pool_classes
from connectors.failure import Failed, innermost, kind_of, kind_of_status, one_line
from connectors.secret import MissingSecret
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import requests

THREADS = 6  # and connections; enough for some thirty queries a second at a few milliseconds each
CONNECT = 0.5  # seconds; inside a data centre a connection takes less than one


@dataclass(frozen=True, slots=True)
class Answer:
    """A number, or why there is none. ``failed`` where the question did not get an answer at all."""

    value: float | None
    note: str = ""
    failed: Failed | None = None


class BadQuery(Failed):
    """The server is well and the query is not (400, 422)."""


class Asker:
    """One session and its credentials; made and used in the bulkhead's threads."""

    def __init__(self, settings: Settings) -> None:
        """Reads the secrets and imports the client; Failed where a secret is gone."""
        from prometheus_api_client import PrometheusConnect

        self._settings = settings
        self._session = _session(settings)
        self._client = PrometheusConnect(url=settings.url.rstrip("/"), session=self._session)
        # PrometheusConnect mounts an adapter that retries and keeps ten connections; a longer prefix wins over it.
        self._session.mount(settings.url.rstrip("/") + "/", _adapter())
        self._apart: set[str] = set()  # queries that spoil the others' answer: they are asked alone

    def ask_all(self, exprs: Sequence[str]) -> tuple[Answer, ...]:
        """What each of the queries answers now, in their order; Failed where there is no answer at all."""
        together = tuple(expr for expr in exprs if expr not in self._apart)
        answers = self._ask_together(together) if len(together) > 1 else {}
        return tuple(answers[expr] if expr in answers else self._ask_alone(expr) for expr in exprs)

    def _ask_together(self, exprs: tuple[str, ...]) -> dict[str, Answer]:
        try:
            result = self._result(" or ".join(_labelled(expr, n) for n, expr in enumerate(exprs)))
        except BadQuery:
            answers = {expr: self._ask_alone(expr) for expr in exprs}
            bad = {expr for expr, answer in answers.items() if answer.failed}
            self._apart |= bad or set(exprs)  # none is wrong alone: a scalar among vectors, say
            return answers
        return {expr: read_result(series) for expr, series in zip(exprs, split(result, len(exprs)), strict=True)}

    def _ask_alone(self, expr: str) -> Answer:
        try:
            return read_result(self._result(expr))
        except BadQuery as bad:
            return Answer(None, bad.reason, bad)

    def _result(self, expr: str) -> object:
        try:
            return self._client.custom_query(expr, timeout=(CONNECT, self._settings.timeout))
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(FailureKind.PROTOCOL, f"{self._settings.url} does not answer like Prometheus") from error
        except OSError as error:  # requests' own exceptions are OSErrors
            kind = kind_of(error)
            raise Failed(kind, f"{self._settings.url}: {innermost(error)}", advice=_ADVICE.get(kind, "")) from error

    def close(self) -> None:
        self._session.close()


LABEL = "seawall_query"


def _labelled(expr: str, n: int) -> str:
    # On its own lines: a query may end in a comment.
    return f'label_replace((\n{expr}\n), "{LABEL}", "{n}", "", "")'


def split(result: object, queries: int) -> list[list[object]]:
    """The series of each query, by the label that ``_labelled`` put on them."""
    parts: list[list[object]] = [[] for _ in range(queries)]
    for series in result if isinstance(result, list) else ():
        match series:
            case {"metric": {"seawall_query": str() as n}} if n.isdigit() and int(n) < queries:
                parts[int(n)].append(series)
            case _:
                raise Failed(FailureKind.PROTOCOL, "an answer to something that was not asked")
    return parts


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


_ADVICE = {
    FailureKind.REFUSED: "is Prometheus running there, and is the port right?",
    FailureKind.NAME: "check the host name in the url",
    FailureKind.TLS: "check the certificate, or REQUESTS_CA_BUNDLE for an own authority",
    FailureKind.EXPIRED: "renew the token or password",
    FailureKind.FORBIDDEN: "the credentials are valid but may not query",
}


def _session(settings: Settings) -> requests.Session:
    import requests

    session = requests.Session()
    session.auth = _auth(settings)
    # Proxies and authorities of the environment, once: requests would look them up anew for each request (a quarter of
    # its time), and take credentials from .netrc.
    environment = session.merge_environment_settings(settings.url, {}, None, None, None)
    session.proxies, session.verify = environment["proxies"], environment["verify"]
    session.trust_env = False
    session.hooks["response"].append(_check)
    return session


def _auth(settings: Settings) -> Any:
    """An auth object even for a bearer token: requests takes it off again when it is redirected to another host."""
    from requests.auth import AuthBase, HTTPBasicAuth

    class Bearer(AuthBase):
        def __init__(self, token: str) -> None:
            self._token = token

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {self._token}"
            return request

    try:
        if settings.token is not None:
            return Bearer(settings.token.reveal())
        if settings.user and settings.password is not None:
            return HTTPBasicAuth(settings.user, settings.password.reveal())
    except MissingSecret as error:
        raise Failed(FailureKind.EXPIRED, str(error)) from error
    return None


def _adapter() -> requests.adapters.HTTPAdapter:
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=THREADS, max_retries=Retry(0, read=False))
    adapter.poolmanager.pool_classes_by_scheme = dict(pool_classes())
    return adapter


def _check(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code < 400:
        return
    text = _error_text(response.content) or response.reason or ""
    reason = f"{response.status_code} {one_line(text)}".strip()
    if response.status_code in (400, 422):
        raise BadQuery(FailureKind.PROTOCOL, reason, status=response.status_code)
    kind = kind_of_status(response.status_code)
    raise Failed(kind, reason, status=response.status_code, advice=_ADVICE.get(kind, ""))


def _error_text(body: bytes) -> str:
    """The ``error`` of Prometheus's JSON form; "" where something else answered, whose page is of no use here."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("error", "")) if isinstance(document, dict) else ""
