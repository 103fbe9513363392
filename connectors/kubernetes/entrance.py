"""The way into one cluster: a login that lasts until it ends or is refused, and what is seen with it.

The cluster is pinned by its identity at the first login; another one behind the same name is refused at each new one.
So is the context: whatever a file says later, the console stays where it is.
"""

from __future__ import annotations

import asyncio

from connectors import Clock
from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.kubernetes.calls import Calls
from connectors.kubernetes.client import Api
from connectors.kubernetes.exec_plugin import Plugins
from connectors.kubernetes.resources import EVERYWHERE
from connectors.kubernetes.sight import Sight
from connectors.settings.kubernetes import Settings
from console.model.snapshot import FailureKind

FIRST = 15.0  # wall seconds for a login: the import, the kubeconfig, a credential plug-in, one request

_STALE = (FailureKind.EXPIRED, FailureKind.TLS, FailureKind.NAME, FailureKind.REFUSED)
"""After these the kubeconfig is read again: what it says, or what its plug-in gives, may be other now."""


class Entrance:
    """``identity`` is the cluster's, from the first login on; "" before it. Used on the loop."""

    def __init__(self, settings: Settings, clock: Clock, calls: Calls) -> None:
        self.identity = ""
        self._settings = settings
        self._clock = clock
        self._calls = calls
        self._plugins = Plugins(clock.wall)
        self._context = settings.context
        self._turn = asyncio.Lock()
        self._api: Api | None = None
        self._sight: Sight | None = None

    @property
    def present(self) -> Api | None:
        """The login that is there; it may have ended."""
        return self._api

    @property
    def watched(self) -> Sight | None:
        """What is seen with it, where something was read."""
        return self._sight

    async def open(self) -> Api:
        """The login that is there, or a new one; Failed where there is none, or it is to another cluster."""
        async with self._turn:
            if self._api is not None and self._api.expired(self._clock.wall()):
                self.leave()
            if self._api is None:
                self._api = await self._log_in()
            return self._api

    def sight(self, api: Api) -> Sight:
        """What is seen with a login that ``open`` gave."""
        if self._sight is None:
            self._sight = Sight(api, self.namespaces(api), self._settings.watch, self._calls, self._clock)
        return self._sight

    def namespaces(self, api: Api) -> tuple[str, ...]:
        """As configured, each once; all of them where that is among them."""
        wanted = tuple(dict.fromkeys(self._settings.namespaces or (api.namespace,)))
        return (EVERYWHERE,) if EVERYWHERE in wanted else wanted

    def doubt(self, api: Api, failed: Failed) -> None:
        """A login with which nothing can be done is left, so that the next call logs in anew."""
        if failed.kind is FailureKind.EXPIRED:
            self._plugins.forget()
        if failed.kind in _STALE and self._api is api:
            self.leave()

    def leave(self) -> None:
        """The login is no longer used; calls that are under way with it end by themselves."""
        sight, self._sight = self._sight, None
        api, self._api = self._api, None
        if sight is not None:
            sight.stop()
        if api is not None:
            api.close()

    async def _log_in(self) -> Api:
        try:
            api = await within(self._calls.bulkhead, FIRST, lambda _: self._made())
        except Overdue as error:
            raise Failed(FailureKind.TIMED_OUT, f"no login within {FIRST:g} s") from error
        except Failed as failed:
            if failed.kind is FailureKind.EXPIRED:
                self._plugins.forget()
            raise
        if self.identity and api.identity != self.identity:
            api.close()
            raise Failed(FailureKind.PROTOCOL, stranger(self.identity, api.identity))
        self.identity, self._context = api.identity, api.context
        return api

    def _made(self) -> Api:
        settings = self._settings
        return Api(settings.kubeconfig, self._context, settings.timeout, self._clock.wall, self._plugins)


def stranger(pinned: str, found: str) -> str:
    return f"another cluster answers: {found}, not {pinned}"
