"""The flag document, judged: what may be written, and that nothing of anybody's is ever lost on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.redis.flags import LONGEST, MOST, Held, decide, facts_of, judge, same
from connectors.redis.script import SCRIPT, arguments
from connectors.simulator.clock import SimClock
from connectors.simulator.redis.commands import COMMANDS
from connectors.simulator.redis.protocol import Reply
from connectors.simulator.redis.server import Server
from console.model.change import Applied, Change, FactValue, Outcome, RunContext, Verdict

KEY = b"seawall:flags"
RUN = RunContext("r1", "ann", "why")
TTL = Change("redis/cache", "ttl.catalog", 60, 600, step="s")


def held(document: str | None, marks: str | None = None) -> Held:
    return Held(document and document.encode(), marks and marks.encode())  # type: ignore[arg-type]


def written(change: Change, before: Held, run: RunContext = RUN, wall: float = 0) -> Held:
    wanted = decide(change, run, before, wall)
    assert isinstance(wanted, Held), wanted
    return wanted


def test_a_document_carries_its_end_and_what_comes_after() -> None:
    after = written(TTL, held('{"value":60}'), replace(RUN, until=100.5))
    assert json.loads(after.document or b"") == {"value": 600, "until": 100.5, "run": "r1", "else": 60}


def test_a_mark_keeps_the_exact_text() -> None:
    odd = '{ "value" : 6e1,\n "note": "é\\u00e9 / \\" " }'
    after = written(TTL, held(odd))
    assert written(TTL.inverse(), after) == held(odd)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(True, True, True), (True, 1, False), (0, False, False), (0, None, False), (600, 600.0, True), (None, None, True)],
)
def test_same(one: FactValue, other: FactValue, alike: bool) -> None:
    assert same(one, other) is alike


@pytest.mark.parametrize(
    "document",
    ["", "x", "[]", "1", '{"on":true}', '{"value":true}', '{"value":"6"}', "[" * 5000, '{"value":60,"x":"\udcff"}'],
)
def test_what_is_no_document_is_never_written_over(document: str) -> None:
    before = Held(document.encode("utf-8", "surrogateescape"), None)
    for value in (None, 60, 600):
        wanted = decide(replace(TTL, before=value, after=1), RUN, before, 0)
        assert isinstance(wanted, Applied)
        assert wanted.outcome is Outcome.REJECTED
    assert judge(TTL, RUN, before, 0).verdict is Verdict.FOREIGN


@pytest.mark.parametrize("marks", ["", "x", "{}", '[{"run":"r"}]', "[1]"])
def test_marks_that_cannot_be_read_stop_every_write(marks: str) -> None:
    for change in (TTL, TTL.inverse()):
        wanted = decide(change, RUN, Held(b'{"value":60}', marks.encode()), 0)
        assert isinstance(wanted, Applied)
        assert "marks cannot be read" in wanted.reason


def test_undo_wants_the_value_that_was_written() -> None:
    after = written(TTL, held('{"value":60}'))
    wanted = decide(replace(TTL.inverse(), before=500), RUN, after, 0)
    assert wanted == Applied(Outcome.REJECTED, "ttl.catalog is 600, not 500 any more; set by run r1 of ann")


def test_a_step_does_not_mark_a_field_twice() -> None:
    after = replace(written(TTL, held('{"value":60}')), document=b'{"value":60}')  # somebody set it back
    wanted = decide(TTL, RUN, after, 0)
    assert isinstance(wanted, Applied)
    assert wanted.outcome is Outcome.REJECTED


def test_verdicts_of_a_change_and_of_its_undo() -> None:
    before = held('{"value":60}')
    after = written(TTL, before)
    foreign = replace(after, document=b'{"value":600}')
    assert [judge(TTL, RUN, each, 0).verdict for each in (before, after, foreign, held('{"value":1}'))] == [
        Verdict.NOT_APPLIED,
        Verdict.OURS,
        Verdict.SUPERSEDED,
        Verdict.FOREIGN,
    ]
    assert [judge(TTL.inverse(), RUN, each, 0).verdict for each in (before, after, foreign, held('{"value":1}'))] == [
        Verdict.OURS,
        Verdict.NOT_APPLIED,
        Verdict.SUPERSEDED,
        Verdict.FOREIGN,
    ]


def test_facts_are_named_once_and_marks_without_a_document_are_seen() -> None:
    after = written(replace(TTL, after=None), held('{"value":60}'))
    facts, problems = facts_of({b"mark:ttl.catalog": after.marks or b"", b"flag.a": b'{"on":true}', b"else": b"x"}, 0)
    assert [(fact.name, fact.value, len(fact.marks)) for fact in facts] == [
        ("flag.a", True, 0),
        ("rate.user", None, 0),
        ("ttl.catalog", None, 1),
    ]
    assert problems == ()


# Any order of our writes, our undos and everybody else's edits, through the real script in a real keyspace.

VALUES = st.sampled_from([None, 0, 1, 60, 600, 1.5])
FOREIGN = st.sampled_from(
    [None, b'{"value":60}', b' {"value": 60}', b'{"value":600,"run":"r1"}', b'{"value":1,"until":5,"else":60}', b"junk"]
)
STEPS = st.one_of(
    st.tuples(st.just("apply"), st.integers(0, 3), VALUES, st.sampled_from([None, 5.0, 500.0])),
    st.tuples(st.just("undo"), st.integers(0, 3), st.none(), st.none()),
    st.tuples(st.just("foreign"), FOREIGN, st.none(), st.none()),
    st.tuples(st.just("wait"), st.none(), st.none(), st.none()),
)


@dataclass
class Estate:
    """A keyspace with one fact, and what a careful observer would have written down about it."""

    server: Server = field(default_factory=lambda: Server(SimClock(), 1, COMMANDS))
    wall: float = 0.0
    stack: list[tuple[int, Change, RunContext, bytes | None]] = field(default_factory=list)

    def do(self, *words: bytes) -> Reply:
        return self.server.door.execute(self.server.connect(lambda _: None, ""), list(words))

    def held(self) -> Held:
        reply = self.do(b"HMGET", KEY, b"ttl.catalog", b"mark:ttl.catalog")
        assert isinstance(reply, list)
        return Held(*reply)

    def change(self, change: Change, run: RunContext) -> Outcome:
        before = self.held()
        wanted = decide(change, run, before, self.wall)
        if isinstance(wanted, Applied):
            assert self.held() == before
            return wanted.outcome
        reply = self.do(b"EVAL", SCRIPT, b"1", KEY, *arguments(change.fact, before, wanted))
        assert (reply, self.held()) == (1, wanted)
        return Outcome.DONE


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14), FOREIGN)
def test_no_foreign_value_is_lost_and_undo_restores_bytes(steps: list[tuple], start: bytes | None) -> None:  # type: ignore[type-arg]
    estate = Estate()
    _edit(estate, start)
    for kind, first, value, until in steps:
        if kind == "foreign":
            _edit(estate, first)
        elif kind == "wait":
            estate.wall += 10
        elif kind == "apply":
            _apply(estate, first, value, until)
        else:
            _undo(estate, first)
    for number, *_ in reversed(list(estate.stack)):
        _undo(estate, number)


def _edit(estate: Estate, document: bytes | None) -> None:
    if document is None:
        estate.do(b"HDEL", KEY, b"ttl.catalog")
    else:
        estate.do(b"HSET", KEY, b"ttl.catalog", document)


def _apply(estate: Estate, number: int, value: FactValue, until: float | None) -> None:
    run = RunContext(f"r{number}", "ann", "", until=until)
    raw = estate.held().document
    facts, _ = facts_of({} if raw is None else {b"ttl.catalog": raw}, estate.wall)
    before = next((fact.value for fact in facts if fact.name == "ttl.catalog"), None)
    change = Change("redis/cache", "ttl.catalog", before, value, step="s")
    taken = any(existing == number for existing, *_ in estate.stack)
    document = estate.held().document
    outcome = estate.change(change, run)
    if outcome is Outcome.DONE and not taken:
        estate.stack.append((number, change, run, document))
    else:
        assert estate.held().document == document  # refused, or already so


def _undo(estate: Estate, number: int) -> None:
    found = next((entry for entry in estate.stack if entry[0] == number), None)
    document = estate.held().document
    run = found[2] if found else RunContext(f"r{number}", "ann", "")
    outcome = estate.change((found[1] if found else TTL).inverse(), run)
    if outcome is not Outcome.DONE:
        assert estate.held().document == document
        return
    assert found is not None
    assert found is estate.stack[-1]
    assert estate.held().document == found[3]
    estate.stack.pop()


@pytest.mark.parametrize("moved", [held("other"), held(None), held('{"value":60}', "[]")])
def test_the_script_writes_nothing_when_the_fields_moved(moved: Held) -> None:
    estate = Estate()
    read = held('{"value":60}')
    for name, raw in ((b"ttl.catalog", moved.document), (b"mark:ttl.catalog", moved.marks)):
        if raw is not None:
            estate.do(b"HSET", KEY, name, raw)
    assert estate.do(b"EVAL", SCRIPT, b"1", KEY, *arguments("ttl.catalog", read, written(TTL, read))) == 0
    assert estate.held() == moved


def test_a_document_of_strangers_is_bounded_in_facts_and_in_names() -> None:
    fields = {b"flag.%d" % number: b'{"on": true}' for number in range(MOST + 500)} | {b"flag." + b"x" * 65536: b"1"}
    facts, problems = facts_of(fields, 0)
    assert len(facts) == MOST
    assert problems == (f"501 flags more than {MOST} are left out",)  # rate.user is always one
    assert all(len(fact.name) <= LONGEST for fact in facts)
