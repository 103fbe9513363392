"""Watches: what happened since a version, then what happens, as one line of JSON an event.

A selector is part of the watch's world: an object that stops matching is DELETED in it. A client that does not read
is cut off rather than buffered without bound, as the real server does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass

from connectors.simulator.kubernetes.identity import Times
from connectors.simulator.kubernetes.listing import matcher
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.refusal import Refusal, too_new
from connectors.simulator.kubernetes.representation import Form, Representation, bookmark
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.selector import Match
from connectors.simulator.kubernetes.store import Commit, Store

BOOKMARK_SECONDS = 60.0  # wall seconds, as the real watch cache
LONGEST_SECONDS = 1800.0  # without timeoutSeconds; the real default lies between this and twice this
BACKLOG = 10_000  # events that a slow client may be behind


@dataclass(frozen=True, slots=True)
class Event:
    type: str  # "ADDED" | "MODIFIED" | "DELETED"
    object: Object


def seen(commit: Commit, matches: Match, request: Request) -> Event | None:
    """A commit as this watch sees it; None where it does not."""
    if commit.kind is not request.kind or not _inside(commit.last, request):
        return None
    before, after = commit.before, commit.after
    was, stays = before is not None and matches(before), after is not None and matches(after)
    if stays and after is not None:
        return Event("MODIFIED" if was else "ADDED", after)
    return Event("DELETED", Commit(commit.version, commit.kind, before, None).last) if was else None


def _inside(obj: Object, request: Request) -> bool:
    return request.namespace in ("", obj["metadata"].get("namespace", ""))


class Watches:
    """All open watches of a server."""

    def __init__(self, store: Store, times: Times, representation: Representation) -> None:
        self._store = store
        self._representation = representation
        self._times = times
        self._open: set[asyncio.Queue[Commit | None]] = set()

    def check(self, request: Request) -> None:
        """Refuses at once what would make no stream: selectors that do not parse, versions of the future."""
        matcher(request)
        request.number("timeoutSeconds")
        version = request.number("resourceVersion")
        if version > self._store.version:
            raise too_new(version, self._store.version)

    def close(self) -> None:
        """Ends every open watch."""
        for queue in self._open:
            _end(queue)

    async def events(self, request: Request, form: Form) -> AsyncGenerator[Object, None]:
        """The watch events of a checked request, until its time is over."""
        queue: asyncio.Queue[Commit | None] = asyncio.Queue(BACKLOG)
        matches = matcher(request)
        stop = self._store.listen(_feeder(queue, request))
        self._open.add(queue)
        show = _Shown(request, form, self._times, self._representation)
        try:
            past, version = self._past(request, matches), self._store.version
            for event in past:
                yield show.event(event)
            if request.flag("sendInitialEvents"):
                yield show.bookmark(version, initial=True)
            async for item in self._live(queue, request):
                if isinstance(item, int):
                    yield show.bookmark(item, initial=False)
                elif change := seen(item, matches, request):
                    yield show.event(change)
        except Refusal as gone:
            yield {"type": "ERROR", "object": gone.status()}
        finally:
            stop()
            self._open.discard(queue)

    def _past(self, request: Request, matches: Match) -> list[Event]:
        version = request.number("resourceVersion")
        if version and not request.flag("sendInitialEvents"):
            found = [seen(commit, matches, request) for commit in self._store.since(version)]
            return [event for event in found if event is not None]
        present = self._store.of(request.kind, request.namespace)
        return [Event("ADDED", obj) for obj in present if matches(obj)]

    async def _live(self, queue: asyncio.Queue[Commit | None], request: Request) -> AsyncIterator[Commit | int]:
        """Commits as they come; a number is a bookmark that is due."""
        loop = asyncio.get_running_loop()
        end = loop.time() + (request.number("timeoutSeconds") or LONGEST_SECONDS)
        bookmarks = request.flag("allowWatchBookmarks")
        due = loop.time() + BOOKMARK_SECONDS
        while loop.time() < end:
            try:
                async with asyncio.timeout_at(min(due, end)):
                    commit = await queue.get()
            except TimeoutError:
                if bookmarks and queue.empty():  # a bookmark says that everything before it was sent
                    yield self._store.version
                due = loop.time() + BOOKMARK_SECONDS
                continue
            if commit is None:
                return
            yield commit


class _Shown:
    """Events in the client's representation; only a table's first one has columns."""

    def __init__(self, request: Request, form: Form, times: Times, representation: Representation) -> None:
        self._request = request
        self._representation = representation
        self._form = form
        self._times = times
        self._headed = True

    def event(self, event: Event) -> Object:
        now = self._times.wall().timestamp()
        shown = self._representation.one(
            event.object, self._request.kind, self._request.version, self._form, now, self._headed
        )
        self._headed = False
        return {"type": event.type, "object": shown}

    def bookmark(self, version: int, initial: bool) -> Object:
        shown = bookmark(self._request.kind, self._request.version, self._form, version, initial)
        return {"type": "BOOKMARK", "object": shown}


def _feeder(queue: asyncio.Queue[Commit | None], request: Request) -> Callable[[Commit], None]:
    def feed(commit: Commit) -> None:
        if commit.kind is not request.kind:
            return
        if queue.full():
            _end(queue)
        else:
            queue.put_nowait(commit)

    return feed


def _end(queue: asyncio.Queue[Commit | None]) -> None:
    while queue.full():
        queue.get_nowait()
    queue.put_nowait(None)
