"""Complete lists of one kind in one place, page by page.

Each page is a call of its own, so that no long decoding stalls the loop, and none outlasts its deadline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors import Clock
from connectors.failure import Failed
from connectors.kubernetes.answer import Listing, Versioned
from connectors.kubernetes.calls import Calls
from connectors.kubernetes.client import PAGE, Api
from connectors.kubernetes.resources import EVERYWHERE, Listed, Resource
from console.model.snapshot import FailureKind


@dataclass(frozen=True, slots=True)
class Scope:
    """One kind in one namespace, or everywhere."""

    resource: Resource
    namespace: str


@dataclass(frozen=True, slots=True)
class List:
    """A complete list of a scope, or why there is none; and the version from which it can be watched."""

    listed: Listed
    version: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """``problems`` are what could not be read in it; ``at`` when it came, in estate seconds."""

    listing: Listing[Any]
    problems: tuple[str, ...]
    at: float


class Lists:
    """One login's."""

    def __init__(self, api: Api, calls: Calls, clock: Clock) -> None:
        self._api = api
        self._calls = calls
        self._clock = clock

    async def all(self, scope: Scope) -> List:
        """All pages; a failure is a value."""
        try:
            return await self._pages(scope)
        except Failed as failed:
            return List(Listed(scope.resource, scope.namespace, failed=_told(failed, scope)))

    async def page(self, scope: Scope, after: str = "", limit: int = PAGE) -> Page:
        """One page, from the beginning or where another one said that it goes on; Failed."""

        def asked() -> Page:
            listing, problems = self._api.page(scope.resource, scope.namespace, after, limit)
            return Page(listing, problems, self._clock.now())  # here, and not when the loop gets round to it

        return await self._calls.ask(self._api.server, asked)

    async def _pages(self, scope: Scope) -> List:
        items: list[Any] = []
        problems: list[str] = []
        meta, began = Versioned(), 0.0  # all pages are of the moment of the first
        while True:
            page = await self.page(scope, meta.continue_)
            items += page.listing.items or ()
            problems += page.problems
            meta, began = page.listing.metadata, began or page.at
            if not meta.continue_:
                listed = Listed(scope.resource, scope.namespace, tuple(items), at=began)
                return List(listed, meta.resource_version, tuple(problems))


def _told(failed: Failed, scope: Scope) -> Failed:
    """Who may not list a kind everywhere may often list it where they work."""
    if failed.kind is not FailureKind.FORBIDDEN or scope.namespace != EVERYWHERE or not scope.resource.namespaced:
        return failed
    advice = 'name the namespaces that you may see, in place of "*"'
    return Failed(failed.kind, failed.reason, advice=advice, status=failed.status)
