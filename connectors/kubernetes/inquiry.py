"""One drill-down under way: who is asked, about what and when. Each request has a deadline of its own.

What a person asked for must come, or the whole fails; what only adds to it (metrics, events, a log) may fail by itself,
and is then said to be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.failure import Failed
from connectors.kubernetes.answer import Listing
from connectors.kubernetes.calls import Calls
from connectors.kubernetes.client import Api
from connectors.kubernetes.resources import Resource
from console.model.component import ComponentId, source_of
from console.model.snapshot import FailureKind

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

LONGEST = 200
"""Characters of one cell: the API allows 32 KiB of message, and a log line is as long as it likes."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    api: Api
    calls: Calls
    component: ComponentId
    at: float  # estate seconds

    @property
    def source(self) -> str:
        return source_of(self.component)

    async def get(self, path: str, type_: type[T], query: Query = (), accept: str = "") -> T:
        """One document; Failed."""
        return await self.calls.ask(self.api.server, lambda: self.api.get(path, type_, query, accept))

    async def object(self, resource: Resource, namespace: str, name: str) -> Any:
        """One object of a kind, as the kind's row says; Failed."""
        return await self.get(resource.path(namespace, name), resource.type)

    async def page(self, resource: Resource, namespace: str, after: str = "") -> tuple[Listing[Any], tuple[str, ...]]:
        """One page of a kind's list, and what cannot be read in it; Failed."""
        return await self.calls.ask(self.api.server, lambda: self.api.page(resource, namespace, after))

    async def maybe(self, path: str, type_: type[T], query: Query = (), accept: str = "") -> T | Failed:
        """As ``get``, and why there is none as a value."""
        try:
            return await self.get(path, type_, query, accept)
        except Failed as failed:
            return failed

    async def text(self, path: str, query: Query) -> bytes | Failed:
        """An answer that is no document: a log."""
        try:
            return await self.calls.ask(self.api.server, lambda: self.api.text(path, query))
        except Failed as failed:
            return failed

    def id(self, *parts: str) -> ComponentId:
        return "/".join((self.source, *parts))


def missing(failed: Failed) -> str:
    """Why something that adds to the answer is not there; "" where the cluster just has no such thing."""
    return "" if failed.kind is FailureKind.NOT_FOUND else failed.reason


def cell(value: object) -> str:
    """One cell of a table, of bounded length; nothing is "", and not None."""
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
