"""Changes of the flag document: read, judged (``flags``), and written by one script that compares what was judged.

It goes to the primary that has the key now. A primary that was demoted meanwhile, or has given the key away, refuses
before anything is written; the one that it names is asked instead, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors import Clock
from connectors.redis.client import Client, Word
from connectors.redis.flags import Held, decide, fields_of, judge
from connectors.redis.fleet import Fleet
from connectors.redis.refusal import Lost, Refused
from connectors.redis.script import HALF_WRITTEN, SCRIPT, SHA, arguments
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.snapshot import FailureKind

ATTEMPTS = 3  # how often a change is judged again when the fields moved between reading and writing


@dataclass(frozen=True, slots=True)
class Place:
    """Who has the flags. ``asking``: they are on their way there, and each command must say that it knows."""

    client: Client
    asking: bool


class Writer:
    """Of one Redis' flag document."""

    def __init__(self, fleet: Fleet, flags_key: str, clock: Clock) -> None:
        self._fleet = fleet
        self._key = flags_key
        self._clock = clock

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """Sets or restores one field together with its mark, if the fact still has the change's before-value."""
        for _ in range(ATTEMPTS):
            try:
                there, held = await self._held(change.fact)
            except (Refused, Lost) as failed:
                return _rejected(failed)
            wanted = decide(change, run, held, self._clock.wall())
            if isinstance(wanted, Applied):
                return wanted
            applied = await self._write(there, change.fact, held, wanted)
            if applied is not None:
                return applied
        return Applied(Outcome.REJECTED, f"{change.fact} changed {ATTEMPTS} times while it was being written")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        """Whose value the field holds now."""
        try:
            _, held = await self._held(change.fact)
        except (Refused, Lost) as failed:
            return Probed(Verdict.UNKNOWN, None, failed.reason)
        return judge(change, run, held, self._clock.wall())

    async def _held(self, fact: str) -> tuple[Place, Held]:
        there, reply = await self._followed(await self._fleet.locate(self._key), ("HMGET", self._key, *fields_of(fact)))
        held = reply if isinstance(reply, list) and len(reply) == 2 else (None, None)
        document, marks = (each if isinstance(each, bytes) else None for each in held)
        return there, Held(document, marks)

    async def _followed(self, client: Client, command: Sequence[Word]) -> tuple[Place, object]:
        """Who answered, and what: where the key has moved, or is on its way, its new primary."""
        reply = (await client.ask(command))[0]
        asking = False
        if isinstance(reply, Refused) and reply.moved is not None:
            client, asking = self._fleet.client(reply.moved.beside(client.address)), reply.asking
            reply = (await client.ask(*((("ASKING",),) if asking else ()), command))[-1]
        if isinstance(reply, Refused):
            raise reply
        return Place(client, asking), reply

    async def _write(self, there: Place, fact: str, held: Held, wanted: Held) -> Applied | None:
        """None: the fields are not what they were any more, and nothing was written."""
        try:
            reply = await there.client.script(SHA, SCRIPT, self._key, arguments(fact, held, wanted), there.asking)
        except Refused as refused:
            return _unknown(refused) if HALF_WRITTEN in refused.reason else _rejected(refused)
        except Lost as lost:
            return _unknown(lost) if lost.sent else _rejected(lost)
        return Applied(Outcome.DONE) if reply == 1 else None


def _rejected(failed: Refused | Lost) -> Applied:
    return Applied(
        Outcome.REJECTED, failed.reason, forbidden=failed.kind in (FailureKind.FORBIDDEN, FailureKind.EXPIRED)
    )


def _unknown(failed: Refused | Lost) -> Applied:
    return Applied(Outcome.UNKNOWN, f"{failed.reason}; it may have been written all the same")
