"""One watch: a thread that reads one stream of events into one store, until the stream ends or is cut.

A watch is a hint. It only ever saves a list: a stream that ends by itself is taken up where it was, one that fails is
left, and the next reading lists again and begins a new one, at the pace of the session, which alone retries. So the
thread waits for nothing but its socket, and whoever cuts the socket ends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from connectors.deadline import Line, holding
from connectors.failure import Failed, one_line
from connectors.kubernetes.answer import LONGEST_EVENT
from connectors.kubernetes.client import Api
from connectors.kubernetes.resources import Resource
from connectors.kubernetes.store import Broken, Gone, Store
from console.model.snapshot import FailureKind

ASKED = 290  # seconds after which the server is asked to end a stream, so that proxies on the way do not
QUIET = 90.0  # wall seconds without a byte: a server that can sends a bookmark a minute
SETTLED = 0.25  # wall seconds in which a server tells what happened since the version that was asked for
PATIENCE = 10.0  # wall seconds for a watch to be taken
HASTY = 1.0  # wall seconds; a stream that ends sooner by itself is not taken up at once


class Watch:
    """``failed`` says why it ended, where it did not end well; ``heard`` is when a byte last came (monotonic)."""

    def __init__(
        self, api: Api, resource: Resource, namespace: str, store: Store, monotonic: Callable[[], float]
    ) -> None:
        self.store = store
        self.failed: Failed | None = None
        self.began = self.heard = monotonic()
        self._api = api
        self._resource = resource
        self._namespace = namespace
        self._monotonic = monotonic
        self._line = Line()
        self._taken = float("inf")
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"watch {resource.plural}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def live(self) -> bool:
        """The server took the watch a moment ago, and it has not ended: the store is as the server's is."""
        return not self._stopped and self._monotonic() - self._taken >= SETTLED

    @property
    def young(self) -> bool:
        """It began a moment ago: it is live, or may yet become so."""
        return not self._stopped and self._monotonic() - self.began < PATIENCE

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends it; does not wait."""
        self._stopped = True
        self._line.cut()

    def _run(self) -> None:
        try:
            with holding(self._line):
                while self._stream() > HASTY:
                    pass
        except Failed as failed:
            self.failed = failed
        except (Gone, Broken) as error:
            reason = f"watch of {self._resource.plural}: {one_line(str(error))}"
            self.failed = Failed(FailureKind.PROTOCOL, reason)
        finally:
            self._stopped = True

    def _stream(self) -> float:
        """Follows one stream to its end; how long it lasted, in wall seconds."""
        started = self._monotonic()
        response = self._api.stream(self._resource.path(self._namespace), self._query(), QUIET)
        self._taken = min(self._taken, self._monotonic())
        lines = _Lines()
        try:
            while data := self._api.reading(response):
                self.heard = self._monotonic()
                for line in lines.of(data):
                    self.store.follow(line)
            lines.end()
        finally:
            response.close()
        return self._monotonic() - started

    def _query(self) -> tuple[tuple[str, str], ...]:
        return (
            *self._resource.query,
            ("watch", "1"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self.store.version),
            ("timeoutSeconds", str(ASKED)),
        )


class _Lines:
    """Bytes as they come, as lines; the last one waits for its end."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def of(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without the empty ones; Broken where one has no end."""
        *whole, rest = data.split(b"\n")
        if whole:
            whole[0] = b"".join((*self._rest, whole[0]))
            self._rest, self._size = [], 0
        self._rest.append(rest)
        self._size += len(rest)
        if self._size > LONGEST_EVENT:
            raise Broken(f"an event of more than {LONGEST_EVENT >> 20} MiB")
        return [line for line in whole if line.strip()]

    def end(self) -> None:
        if b"".join(self._rest).strip():
            raise Broken("it broke off inside an event")
