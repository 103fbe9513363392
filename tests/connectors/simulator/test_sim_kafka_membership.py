"""A group's members without a wire: who is answered when, in stopped time."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from connectors.simulator.kafka import groups
from connectors.simulator.kafka.api_membership import join_group
from connectors.simulator.kafka.cluster import Cluster
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import StoppedAlarm
from connectors.simulator.kafka.membership import Membership
from connectors.simulator.kafka.roster import Joined, Synced, Wish
from connectors.simulator.kafka.rounds import COMPLETING, EMPTY, PREPARING, STABLE
from connectors.simulator.kafka.session import Session
from tests.connectors.simulator import sim_kafka_requests as requests

WISH = Wish("", "test", "consumer", (("range", b"r"), ("roundrobin", b"rr")), session=10.0, rebalance=30.0)


class Group:
    """A membership with its time, and what everybody was answered."""

    def __init__(self) -> None:
        self.alarm = StoppedAlarm()
        ids = count()
        self.door = Membership(self.alarm, lambda: str(next(ids)))
        self.joined: list[Joined] = []
        self.synced: list[Synced] = []

    def join(self, wish: Wish = WISH) -> Joined | None:
        """What is answered at once."""
        said: list[Joined] = []

        def answered(joined: Joined) -> None:
            said.append(joined)
            self.joined.append(joined)

        self.door.join(wish, answered)
        return said[0] if said else None

    def sync(self, member: Joined, dealt: dict[str, bytes] | None = None) -> Synced | None:
        said: list[Synced] = []

        def answered(synced: Synced) -> None:
            said.append(synced)
            self.synced.append(synced)

        self.door.sync(member.member, None, member.generation, dealt or {}, answered)
        return said[0] if said else None

    def settled(self, *wishes: Wish) -> list[Joined]:
        """A stable group of newcomers: each one's last answer, the leader's first."""
        for wish in wishes:
            self.join(wish)
            for id in [id for id, member in self.door.members.items() if member.joining is None]:
                self.join(replace(self.door.members[id].wish))
        last = {joined.member: joined for joined in self.joined if joined.generation == self.door.rounds.generation}
        ranked = sorted(last.values(), key=lambda joined: joined.member != self.door.rounds.leader)
        dealt = {id: f"for {id}".encode() for id in last}
        for joined in reversed(ranked):
            self.sync(joined, dealt if joined.member == self.door.rounds.leader else None)
        return ranked


def joined(answer: Joined | None) -> Joined:
    assert answer is not None
    assert answer.code is Code.NONE
    return answer


def test_one_alone_leads_and_gets_what_it_deals() -> None:
    group = Group()
    first = joined(group.join())
    assert (first.leader, first.protocol, first.generation) == (first.member, "range", 1)
    assert [member for member, _, _ in first.members] == [first.member]
    assert group.door.rounds.state == COMPLETING
    assert group.sync(first, {first.member: b"all"}) == Synced(Code.NONE, "consumer", "range", b"all")
    assert group.door.rounds.state == STABLE


def test_a_newcomer_is_sent_away_with_an_id_first_and_waited_for() -> None:
    group = Group()
    sent = group.join(replace(WISH, named=True))
    assert sent is not None
    assert sent.code is Code.MEMBER_ID_REQUIRED
    assert group.join(replace(WISH, client="other")) is None
    assert group.join(replace(WISH, named=True, id=sent.member)) is not None
    assert len(group.door.members) == 2
    assert group.join(replace(WISH, id="never given")) == Joined(Code.UNKNOWN_MEMBER_ID, "never given")


def test_who_got_an_id_and_never_came_back_holds_nobody_up_for_longer_than_a_session() -> None:
    group = Group()
    group.join(replace(WISH, named=True))
    assert group.join() is None
    group.alarm.run(WISH.session)
    assert group.door.rounds.state == COMPLETING
    assert len(group.door.members) == 1


def test_a_second_member_waits_until_the_first_has_joined_again() -> None:
    group = Group()
    first = group.settled(WISH)[0]
    assert group.join() is None
    assert group.door.rounds.state == PREPARING
    assert group.door.heartbeat(first.member, None, first.generation) is Code.REBALANCE_IN_PROGRESS
    again = joined(group.join(replace(WISH, id=first.member)))
    second = group.joined[-2] if group.joined[-1].member == first.member else group.joined[-1]
    assert again.generation == second.generation == 2
    assert second.members == ()
    assert {member for member, _, _ in again.members} == {first.member, second.member}
    assert group.sync(second) is None
    group.sync(again, {first.member: b"a", second.member: b"b"})
    assert sorted(synced.assignment for synced in group.synced[-2:]) == [b"a", b"b"]


def test_who_does_not_join_again_by_the_deadline_is_out() -> None:
    group = Group()
    first = group.settled(replace(WISH, session=60.0))[0]
    assert group.join() is None
    group.alarm.run(30.0)
    assert first.member not in group.door.members
    assert group.door.heartbeat(first.member, None, first.generation) is Code.UNKNOWN_MEMBER_ID
    assert joined(group.joined[-1]).leader == group.joined[-1].member


def test_who_does_not_sync_by_the_deadline_is_out() -> None:
    group = Group()
    group.join(replace(WISH, session=60.0))
    group.alarm.run(30.0)
    assert group.door.rounds.state == EMPTY


def test_a_silent_member_is_out_after_its_session_and_not_before() -> None:
    group = Group()
    only = group.settled(WISH)[0]
    group.alarm.run(9.0)
    assert group.door.heartbeat(only.member, None, only.generation) is Code.NONE
    group.alarm.run(9.9)
    assert group.door.rounds.state == STABLE
    group.alarm.run(0.2)
    assert group.door.rounds.state == EMPTY
    assert group.door.may_commit("", None, -1) is Code.NONE


def test_who_waits_for_the_others_is_safe_for_longer_than_its_session() -> None:
    group = Group()
    group.settled(replace(WISH, session=60.0))
    assert group.join() is None
    group.alarm.run(29.0)
    assert len(group.door.members) == 2


def test_a_settled_group_is_not_disturbed_by_the_deadline_of_its_rebalance() -> None:
    group = Group()
    only = group.settled(replace(WISH, session=60.0))[0]
    group.alarm.run(45.0)
    assert (group.door.rounds.state, group.door.rounds.generation) == (STABLE, only.generation)


def test_when_one_leaves_the_others_are_called_together() -> None:
    group = Group()
    leader, other = group.settled(WISH, WISH)
    assert group.door.leave(leader.member, None) is Code.NONE
    assert group.door.leave(leader.member, None) is Code.UNKNOWN_MEMBER_ID
    assert group.door.heartbeat(other.member, None, other.generation) is Code.REBALANCE_IN_PROGRESS
    again = joined(group.join(replace(WISH, id=other.member)))
    assert (again.leader, again.generation) == (other.member, other.generation + 1)


def test_a_lost_answer_is_said_again_and_moves_nothing() -> None:
    group = Group()
    leader, other = group.settled(WISH, WISH)
    said = joined(group.join(replace(WISH, id=other.member)))
    assert said.generation == leader.generation
    assert group.door.rounds.state == STABLE
    assert group.sync(said) == Synced(Code.NONE, "consumer", "range", f"for {other.member}".encode())


def test_who_asks_twice_is_answered_once_more_at_the_first_place_too() -> None:
    group = Group()
    first = group.settled(WISH)[0]
    group.join()
    newcomer = next(id for id in group.door.members if id != first.member)
    assert group.join(replace(WISH, id=newcomer)) is None
    assert [joined.code for joined in group.joined if joined.member == newcomer] == [Code.REBALANCE_IN_PROGRESS]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (replace(WISH, protocols=(("sticky", b""),)), Code.INCONSISTENT_GROUP_PROTOCOL),
        (replace(WISH, kind="connect"), Code.INCONSISTENT_GROUP_PROTOCOL),
        (replace(WISH, protocols=()), Code.INCONSISTENT_GROUP_PROTOCOL),
        (replace(WISH, protocols=(("range", b"x" * (1 << 20)),)), Code.INVALID_REQUEST),
        (replace(WISH, session=5.9), Code.INVALID_SESSION_TIMEOUT),
        (replace(WISH, session=1801.0), Code.INVALID_SESSION_TIMEOUT),
    ],
)
def test_who_does_not_fit_is_refused_and_disturbs_nobody(wish: Wish, code: Code) -> None:
    group = Group()
    group.settled(WISH)
    refused = group.join(wish)
    assert refused is not None
    assert refused.code is code
    assert group.door.rounds.state == STABLE


def test_the_protocol_that_most_prefer_of_those_that_all_speak_is_chosen() -> None:
    group = Group()
    sticky = replace(WISH, protocols=(("sticky", b""), ("roundrobin", b""), ("range", b"")))
    reverse = replace(WISH, protocols=(("roundrobin", b""), ("range", b"")))
    group.settled(WISH, sticky, reverse)
    assert group.door.rounds.protocol == "roundrobin"


def test_a_static_member_is_back_without_a_rebalance_and_its_old_self_is_fenced() -> None:
    group = Group()
    static = replace(WISH, instance="pod-0")
    before = group.settled(static)[0]
    after = joined(group.join(static))
    assert (after.generation, after.member != before.member) == (before.generation, True)
    assert after.leader == before.member
    assert group.door.rounds.state == STABLE
    assert group.door.heartbeat(before.member, "pod-0", before.generation) is Code.FENCED_INSTANCE_ID
    assert group.door.heartbeat(after.member, "pod-0", after.generation) is Code.NONE
    assert group.door.leave("", "pod-0") is Code.NONE
    assert group.door.rounds.state == EMPTY


def test_commits_are_for_members_of_this_generation() -> None:
    group = Group()
    only = group.settled(WISH)[0]
    assert group.door.may_commit(only.member, None, only.generation) is Code.NONE
    assert group.door.may_commit(only.member, None, only.generation - 1) is Code.ILLEGAL_GENERATION
    assert group.door.may_commit("stranger", None, only.generation) is Code.UNKNOWN_MEMBER_ID
    assert group.door.may_commit("", None, -1) is Code.UNKNOWN_MEMBER_ID
    group.join()
    joined(group.join(replace(WISH, id=only.member)))
    assert group.door.may_commit(only.member, None, only.generation + 1) is Code.REBALANCE_IN_PROGRESS


def test_the_expelled_are_told_that_nobody_knows_them() -> None:
    group = Group()
    leader, other = group.settled(WISH, WISH)
    group.join(replace(WISH, id=leader.member))
    group.door.expel()
    assert group.joined[-1] == Joined(Code.UNKNOWN_MEMBER_ID, leader.member)
    assert group.door.heartbeat(other.member, None, other.generation) is Code.UNKNOWN_MEMBER_ID
    assert group.door.rounds.state == EMPTY


def test_groups_that_nobody_is_in_are_not_kept_and_not_too_many_made(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Cluster(7)
    at = Session(known.coordinator(requests.GROUP), known, now=lambda: 0.0)
    before = set(known.groups)
    refused = join_group(at, with_header(requests.join("a stranger")), 5)
    assert refused.message.error_code == Code.UNKNOWN_MEMBER_ID
    assert set(known.groups) == before
    monkeypatch.setattr(groups, "MOST_GROUPS", len(before))
    full = join_group(at, with_header(requests.join()), 3)
    assert full.message.error_code == Code.COORDINATOR_NOT_AVAILABLE


def with_header(request: Any) -> Any:
    request.API_VERSION = 5
    request.with_header(correlation_id=1, client_id="test")
    return request
