"""One Prometheus, asked by PrometheusConnect from a bulkhead's threads, through a session of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors import Clock
from connectors.failure import Failed, innermost, kind_of
from connectors.http_head import ServerClock
from connectors.imports import imported
from connectors.prometheus.reply import ADVICE, Answer, BadQuery, read_result, split, together, warned, warnings_of
from connectors.prometheus.session import adapter, open_session
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import requests

REQUESTS = 8  # side by side, as long as no query is dear
THREADS = 20  # and connections, at the most; as many queries as Prometheus evaluates at a time by default
CONNECT = 1.0  # seconds, at the most; also where every packet takes a third of one


@dataclass(frozen=True, slots=True)
class Answers:
    """What each query of a batch answered, and what the server says was missing when it did."""

    by_expr: Mapping[str, Answer]
    warnings: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()  # they spoil a batch, and must be asked alone


@dataclass(frozen=True, slots=True)
class Page:
    """A reply of any other part of the API, not decoded yet."""

    body: bytes
    headers: Mapping[str, str]


class Asker:
    """One session and its credentials; made and used in the bulkhead's threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Reads the secrets and imports the client; Failed where a secret is gone."""
        imported("prometheus_api_client")
        from prometheus_api_client import PrometheusConnect

        self.clock = ServerClock()
        self._ours = clock
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._timeout = (min(CONNECT, settings.timeout), settings.timeout)
        self._warned = threading.local()
        self._session = open_session(settings, self._heard)
        self._client = PrometheusConnect(url=self._url, session=self._session)
        # PrometheusConnect mounts an adapter that retries and keeps ten connections; a longer prefix wins over it.
        self._session.mount(f"{self._url}/", adapter(settings, THREADS))

    def ask(self, exprs: Sequence[str], at: float | None = None) -> Answers:
        """What the queries answer now, or at a wall time; Failed where there is no answer at all.

        Where a batch is refused each of its queries is asked alone, to learn which one is wrong.
        """
        self._warned.texts = ()
        try:
            result = self._result(together(exprs), at)
        except BadQuery as bad:
            if len(exprs) == 1:
                return Answers({exprs[0]: Answer(None, bad.reason, bad)})
            return self._each(exprs, at)
        now = self._ours.now()
        parts = [result] if len(exprs) == 1 else split(result, len(exprs))
        warnings: tuple[str, ...] = self._warned.texts
        read = (warned(replace(read_result(part), at=now), warnings) for part in parts)
        return Answers(dict(zip(exprs, read, strict=True)), warnings)

    def page(self, path: str) -> Page:
        """``GET`` of another part of the API; Failed as ``ask``."""
        with _told(self._url):
            response = self._session.get(f"{self._url}{path}", timeout=self._timeout)
            return Page(response.content, response.headers)

    def close(self) -> None:
        self._session.close()

    def _each(self, exprs: Sequence[str], at: float | None) -> Answers:
        every = [self.ask((expr,), at) for expr in exprs]
        answers = {expr: answer for one in every for expr, answer in one.by_expr.items()}
        bad = tuple(expr for expr, answer in answers.items() if answer.failed)
        # None is wrong alone: a scalar among vectors, say.
        return Answers(
            answers, tuple(dict.fromkeys(text for one in every for text in one.warnings)), bad or tuple(exprs)
        )

    def _result(self, expr: str, at: float | None) -> object:
        # Servers behind a proxy do not see that we have gone: they are told when to stop working for us.
        # In milliseconds: a Prometheus duration has no fractions.
        params = {"timeout": f"{self._settings.timeout * 1000:.0f}ms", **({} if at is None else {"time": f"{at:.3f}"})}
        with _told(self._url):
            return self._client.custom_query(expr, params=params, timeout=self._timeout)

    def _heard(self, response: requests.Response) -> None:
        """A complete answer, in the thread that asked."""
        received = self._ours.wall()
        self._warned.texts = warnings_of(response.content)
        if "Age" not in response.headers:  # a cache's answer shows the time at which it was made
            self.clock.hear(response.headers.get("Date", ""), received - response.elapsed.total_seconds(), received)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Whatever a client raises, in the project's own terms."""
    try:
        yield
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Failed(FailureKind.PROTOCOL, f"{url} does not answer like Prometheus") from error
    except OSError as error:  # requests' own exceptions are OSErrors
        kind = kind_of(error)
        raise Failed(kind, f"{url}: {innermost(error)}", advice=ADVICE.get(kind, "")) from error
