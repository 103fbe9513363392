"""Who is in a consumer group, and who may come in: members by id, static ones by their instance too.

A session ends when nothing was heard of a member for as long as it said; while it waits for an answer it is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import Alarm, Cancellable

SHORTEST_SESSION, LONGEST_SESSION = 6.0, 1800.0  # seconds; group.min/max.session.timeout.ms of a real broker
MOST_MEMBERS = 500  # a group's, those who were only given an id included
LARGEST_SAID = 1 << 20  # bytes that a member may say of itself, and that its assignment may have
NO_GENERATION = -1

Protocols = tuple[tuple[str, bytes], ...]  # names with what the member says in each, the preferred one first


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody brings who wants to join. ``id`` is empty for a newcomer; times in wall seconds."""

    id: str
    client: str
    kind: str
    protocols: Protocols
    instance: str | None = None  # a name that outlives restarts: static membership
    session: float = 10.0
    rebalance: float = 60.0
    host: str = "/127.0.0.1"
    named: bool = False  # the client may be sent away with an id to come again with (from version 4 on)


@dataclass(frozen=True, slots=True)
class Joined:
    """``members`` (id, instance, what it said) for the leader alone, who deals the partitions out."""

    code: Code
    member: str
    generation: int = NO_GENERATION
    kind: str = ""
    protocol: str = ""
    leader: str = ""
    members: tuple[tuple[str, str | None, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Synced:
    code: Code
    kind: str = ""
    protocol: str = ""
    assignment: bytes = b""


Answer = Callable[[Joined], None]
SyncAnswer = Callable[[Synced], None]


@dataclass(slots=True)
class Deadline:
    """One alarm that is set anew again and again."""

    alarm: Alarm
    _set: Cancellable | None = None

    def put(self, seconds: float, ring: Callable[[], None]) -> None:
        """In so many seconds from now, and no more when it had been set to."""
        self.clear()
        self._set = self.alarm.at(self.alarm.now() + seconds, ring)

    def clear(self) -> None:
        if self._set:
            self._set.cancel()
            self._set = None


@dataclass(slots=True)
class Participant:
    """One member. ``joining`` and ``syncing``: whom to answer when the others have come."""

    wish: Wish
    session: Deadline
    assignment: bytes = b""
    joining: Answer | None = None
    syncing: SyncAnswer | None = None

    @property
    def id(self) -> str:
        return self.wish.id

    def said(self, protocol: str) -> bytes:
        return dict(self.wish.protocols).get(protocol, b"")

    def hold(self, answer: Answer) -> None:
        """It waits; who asked in its name before is sent away."""
        self.answer_join(Joined(Code.REBALANCE_IN_PROGRESS, self.id))
        self.joining = answer
        self.session.clear()

    def answer_join(self, joined: Joined) -> None:
        answer, self.joining = self.joining, None
        if answer:
            answer(joined)

    def answer_sync(self, synced: Synced) -> None:
        answer, self.syncing = self.syncing, None
        if answer:
            answer(synced)


@dataclass(slots=True)
class Roster:
    """``named``: those who were given an id and are not back with it yet."""

    alarm: Alarm
    members: dict[str, Participant] = field(default_factory=dict)
    named: dict[str, Deadline] = field(default_factory=dict)

    def holder(self, instance: str | None) -> Participant | None:
        if instance is None:
            return None
        return next((member for member in self.members.values() if member.wish.instance == instance), None)

    def stranger(self, id: str, instance: str | None) -> Code:
        """Why this is nobody who is in, or NONE."""
        holder = self.holder(instance)
        if holder and holder.id != id:
            return Code.FENCED_INSTANCE_ID
        known = id in self.members and (instance is None or holder is not None)
        return Code.NONE if known else Code.UNKNOWN_MEMBER_ID

    def refusal(self, wish: Wish) -> Code:
        """Why this one may not join, or NONE."""
        if not SHORTEST_SESSION <= wish.session <= LONGEST_SESSION:
            return Code.INVALID_SESSION_TIMEOUT
        if wish.id and wish.id not in self.named and (code := self.stranger(wish.id, wish.instance)) is not Code.NONE:
            return code
        if not wish.id and len(self.members) + len(self.named) >= MOST_MEMBERS:
            return Code.GROUP_MAX_SIZE_REACHED
        if sum(len(name) + len(said) for name, said in wish.protocols) > LARGEST_SAID:
            return Code.INVALID_REQUEST
        return Code.NONE if self._agrees(wish) else Code.INCONSISTENT_GROUP_PROTOCOL

    def _agrees(self, wish: Wish) -> bool:
        """Whether there is a protocol that it and all others speak. A static one's predecessor does not count."""
        before = self.holder(wish.instance)
        ids = {wish.id, before.id if before else ""}
        others = [member.wish for member in self.members.values() if member.id not in ids]
        common = {name for name, _ in wish.protocols}.intersection(*(dict(other.protocols) for other in others))
        return bool(wish.kind and common) and all(other.kind == wish.kind for other in others)

    def name(self, id: str, seconds: float, gave_up: Callable[[], None]) -> None:
        """This id was given out: it is kept for so long."""
        self.named[id] = Deadline(self.alarm)
        self.named[id].put(seconds, gave_up)

    def forget(self, id: str) -> None:
        given = self.named.pop(id, None)
        if given:
            given.clear()

    def drop(self, member: Participant, why: Code) -> None:
        del self.members[member.id]
        member.session.clear()
        member.answer_join(Joined(why, member.id))
        member.answer_sync(Synced(why))

    def elected(self) -> str:
        """Of the protocols that all speak, the one that most prefer; of equals the one that comes first."""
        wishes = [member.wish for member in self.members.values()]
        common = set.intersection(*({name for name, _ in wish.protocols} for wish in wishes))
        votes = [next(name for name, _ in wish.protocols if name in common) for wish in wishes]
        return max(votes, key=votes.count)
