"""What the operator asks of the estate beside what is read anyway: the session, drill-downs, a reading now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from console.model.component import ComponentId, source_of
from console.model.snapshot import Detail, Unreachable
from console.model.topology import Topology


class CannotOpen(Exception):
    """There is nothing to watch, and why, in one line for the operator."""


class SessionLike(Protocol):
    """What the screen needs of a session."""

    async def start(self) -> None:
        """Raises ``CannotOpen`` where the console has no use without what it waited for."""
        ...

    async def stop(self) -> None: ...
    async def read_now(self) -> object: ...
    async def inspect(self, component: ComponentId) -> Detail | Unreachable: ...


@runtime_checkable
class Told(Protocol):
    """A session on an estate that is simulated, and can be told how to go on."""

    async def tell(self, line: str) -> str:
        """One line to the estate, and its answer in one line."""
        ...


OpenSession = Callable[[Callable[[Topology], None]], SessionLike]


class Inquiry:
    """One a console. Before ``open`` there is nobody to ask, and asking does nothing."""

    def __init__(self, open_session: OpenSession, say: Callable[[str], None]) -> None:
        self.answers: dict[ComponentId, Detail | Unreachable] = {}
        self.session: SessionLike | None = None
        self._open_session = open_session
        self._say = say

    async def open(self, seen: Callable[[Topology], None]) -> None:
        self.session = self._open_session(seen)
        await self.session.start()

    async def close(self) -> None:
        if self.session is not None:
            await self.session.stop()

    async def describe(self, key: str, topology: Topology) -> None:
        """The drill-down of a row: a component's own id, or the first of the line with that alias."""
        component = topology.component(key)
        target = key if component is None else component.id
        if self.session is None or not target:
            return
        self._say(f"asking {source_of(target)} …")
        self.answers[target] = await self.session.inspect(target)
        self._say("")

    async def tell(self, line: str) -> None:
        """Tells a simulated estate how to go on, and says its answer."""
        if isinstance(self.session, Told):
            self._say(await self.session.tell(line))
        else:
            self._say("only a simulated estate has a pace of its own")

    async def read_now(self) -> None:
        if self.session is not None:
            self._say("reading every source …")
            await self.session.read_now()
            self._say("")
