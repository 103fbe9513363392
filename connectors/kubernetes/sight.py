"""What is seen of a cluster, kind by kind and namespace by namespace: from a watch where one is live, else by a list.

    scope (a kind in a namespace) ─ refused lately? ─ live watch, heard of lately? ─ else list it, in pages
                                                                                      └ and watch from there on

The first reading only lists: for a headless verb that is all. From the second one on, what was listed is watched from
the version of the list. Where everything comes from watches nothing would be asked of the server, and a dead one would
look alive: so one object of one kind is listed as a heartbeat, which also proves our credentials. A watch that is old,
or silent for longer than a server with bookmarks is, counts as none.

A list that comes too late, or broken, leaves what was there before, as old as it is: one slow kind hides no other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from connectors import Clock
from connectors.failure import Failed
from connectors.kubernetes.answer import Groups
from connectors.kubernetes.calls import Calls
from connectors.kubernetes.client import WATCHES, Api
from connectors.kubernetes.lists import List, Lists, Scope
from connectors.kubernetes.resources import EVERYWHERE, READ, Listed, Resource
from connectors.kubernetes.store import Store
from connectors.kubernetes.watch import HASTY, QUIET, Watch
from console.model.snapshot import FailureKind

RELIST = 300.0  # wall seconds after which a watch is proved by a new list, however well it looks
REASK = 30.0  # wall seconds for which a refusal is believed
REDISCOVER = 120.0  # wall seconds for which the served API groups are believed

_HIDDEN = (FailureKind.FORBIDDEN, FailureKind.NOT_FOUND)
_PASSING = (FailureKind.TIMED_OUT, FailureKind.PROTOCOL)  # of one list, where others of the same reading came


@dataclass(frozen=True, slots=True)
class _Believed:
    """What was seen of a scope without a watch, and until when (monotonic) it is taken for true."""

    listed: Listed
    until: float


class Sight:
    """One cluster as one login sees it. Used on the loop; a new login has a new sight."""

    def __init__(self, api: Api, namespaces: tuple[str, ...], watch: bool, calls: Calls, clock: Clock) -> None:
        self._api = api
        self._namespaces = namespaces
        self._watch = watch
        self._calls = calls
        self._lists = Lists(api, calls, clock)
        self._clock = clock
        self._monotonic = clock.monotonic
        self._last: dict[Scope, Listed] = {}
        self._watches: dict[Scope, Watch] = {}
        self._proved_until: dict[Scope, float] = {}
        self._short: dict[Scope, int] = {}
        self._unwatchable: dict[Scope, float] = {}
        self._believed: dict[Scope, _Believed] = {}
        self._served: frozenset[str] | None = None
        self._discovered = -REDISCOVER
        self._doubted: set[Scope] = set()
        self._readings = 0
        self._beats = 0
        self.problems: tuple[str, ...] = ()

    async def read(self) -> list[Listed]:
        """Everything, in the table's order; what is absent from this cluster is left out. Failed: nothing can be said.

        A kind that we may not see, or that fails by itself, is a ``Listed`` with its failure; the latter with what was
        last seen of it. ``problems`` are of single objects that could not be read.
        """
        await self._discover()
        scopes = [scope for scope in self._scopes() if self._may_be_there(scope)]
        known = {scope: self._known(scope) for scope in scopes}
        unknown = [scope for scope in scopes if known[scope] is None]
        made = dict(zip(unknown, await asyncio.gather(*map(self._lists.all, unknown)), strict=True))
        if not any(one.version for one in made.values()):
            await self._beat(scopes)
        self._readings += 1
        self._remember(made)
        self.problems = tuple(problem for one in made.values() for problem in one.problems)
        now = {scope: self._kept(scope, known[scope] or made[scope].listed) for scope in scopes}
        self._last = {scope: one for scope, one in now.items() if one.at}
        return [one for one in now.values() if not _absent(one)]

    def doubt(self, resource: Resource, namespace: str) -> None:
        """We have written there: the next reading lists it, for its watch may not have told of it yet."""
        everywhere = EVERYWHERE in self._namespaces or not resource.namespaced
        self._doubted.add(Scope(resource, EVERYWHERE if everywhere else namespace))

    def stop(self) -> None:
        """Ends every watch; does not wait."""
        for watch in self._watches.values():
            watch.stop()
        self._watches.clear()

    def _scopes(self) -> list[Scope]:
        """A kind without namespaces once, everything else once a namespace."""
        return [
            Scope(resource, namespace)
            for resource in READ
            for namespace in (self._namespaces if resource.namespaced else (EVERYWHERE,))
        ]

    def _may_be_there(self, scope: Scope) -> bool:
        resource = scope.resource
        if not resource.optional or not resource.group or self._served is None:  # the core group is not in the list
            return True
        return f"{resource.group}/{resource.version}" in self._served

    async def _discover(self) -> None:
        """Asks which API groups are served; where that cannot be asked, each add-on's kinds are just tried."""
        if self._monotonic() - self._discovered < REDISCOVER or not any(resource.optional for resource in READ):
            return
        try:
            groups = await self._calls.ask(self._api.server, lambda: self._api.get("/apis", Groups))
        except Failed as failed:
            if failed.kind not in (*_HIDDEN, FailureKind.PROTOCOL):
                raise
            self._served = None
        else:
            self._served = groups.served()
        self._discovered = self._monotonic()

    def _known(self, scope: Scope) -> Listed | None:
        """What need not be asked now."""
        if scope in self._doubted:
            return None
        now, watch = self._monotonic(), self._watches.get(scope)
        if watch and watch.live and now - watch.heard < QUIET and now < self._proved_until[scope]:
            return Listed(scope.resource, scope.namespace, watch.store.items(), at=self._clock.now())
        believed = self._believed.get(scope)
        return believed.listed if believed and now < believed.until else None

    def _kept(self, scope: Scope, one: Listed) -> Listed:
        """With the objects of the last time, where this time it came to nothing."""
        last = self._last.get(scope)
        if last is None or one.failed is None or one.failed.kind not in _PASSING:
            return one
        return replace(one, items=last.items, at=last.at)

    async def _beat(self, scopes: list[Scope]) -> None:
        """One object of the next watched kind; Failed where the server does not answer, or no longer to us."""
        watched = [scope for scope in scopes if scope in self._watches]
        if not watched:
            return
        self._beats += 1
        scope = watched[self._beats % len(watched)]
        try:
            await self._lists.page(scope, limit=1)
        except Failed as failed:
            if failed.kind not in _HIDDEN:
                raise
            self._watches.pop(scope).stop()  # taken from us meanwhile: the next reading's list says so

    def _remember(self, made: dict[Scope, List]) -> None:
        now = self._monotonic()
        for scope, one in made.items():
            failed = one.listed.failed
            if failed and failed.kind in _HIDDEN:
                self._believed[scope] = _Believed(one.listed, now + REASK)
            elif not failed and self._wanted(scope, one, now):
                self._follow(scope, one, now)
            elif not failed and scope.resource.every:
                self._believed[scope] = _Believed(one.listed, now + scope.resource.every)
            if not failed:
                self._doubted.discard(scope)

    def _wanted(self, scope: Scope, one: List, now: float) -> bool:
        """Whether what was just listed is to be watched from there on."""
        if not (self._watch and scope.resource.watched and one.version and self._readings > 1) or one.problems:
            return False
        old = self._watches.get(scope)
        if old and old.young and scope not in self._doubted:  # one that began before our write may not tell of it
            return False
        if old:
            del self._watches[scope]
            self._unwatchable[scope] = now + self._pause(scope, old)
            old.stop()
        return now >= self._unwatchable.get(scope, now) and len(self._watches) < WATCHES

    def _pause(self, scope: Scope, old: Watch) -> float:
        """Wall seconds until it is watched again: none after a good one, more and more where none comes about."""
        if old.live or old.young:
            return 0.0
        if old.failed and old.failed.kind in _HIDDEN:  # it may be listed and not watched
            return RELIST
        self._short[scope] = 0 if old.heard - old.began > HASTY else self._short.get(scope, -1) + 1
        return min(RELIST, REASK * self._short[scope])

    def _follow(self, scope: Scope, one: List, now: float) -> None:
        store = Store(scope.resource.type, one.listed.items, one.version)
        watch = self._watches[scope] = Watch(self._api, scope.resource, scope.namespace, store, self._monotonic)
        self._proved_until[scope] = now + RELIST * (1 + len(self._watches) / WATCHES)  # not all in the same reading
        watch.start()


def _absent(one: Listed) -> bool:
    """A kind of an add-on that is not installed is no gap in what we see."""
    return one.resource.optional and one.failed is not None and one.failed.kind is FailureKind.NOT_FOUND
