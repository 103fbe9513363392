"""Regular expressions as RE2 has them: every one is answered in time proportional to the text.

Prometheus's expressions cannot run away; Python's can, for minutes, on a pattern like ``(a*)*b``. So only those that
cannot (no choice and no repetition within a repetition, few of them in a row) are left to Python. The others run here:
Python's parser reads them, and a search remembers which places of the pattern it has tried at which places of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Protocol

MAX_REPEAT = 1000  # RE2's own limit of a counted repetition
MAX_STATES = 2000  # of a compiled pattern
REMEMBERED = 4096  # answers of one pattern; labels have few values
FREE = 2  # unbounded repetitions beside each other that Python may run: with more, time grows by a higher power
CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
REFUSED = (codes.ASSERT, codes.ASSERT_NOT, codes.GROUPREF, codes.GROUPREF_EXISTS, codes.ATOMIC_GROUP)
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


class Match(Protocol):
    """What is read of a match: groups by number and name; "" or None for one without part in it."""

    def __getitem__(self, group: int | str, /) -> str | Any: ...


class Expression(Protocol):
    """A compiled pattern."""

    def fullmatch(self, text: str, /) -> Match | None: ...


@lru_cache(maxsize=512)
def expression(pattern: str) -> Expression:
    """Raises ``ValueError`` for what RE2 would not take either."""
    translated = re.sub(r"\[:(\w+):\]", lambda found: CLASSES.get(found[1], found[0]), pattern)
    try:
        compiled = re.compile(translated, re.ASCII)
        tree = _parser.parse(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"error parsing regexp: {error}") from None
    check(tree)
    return compiled if tame(tree) else Program(tree)


def inner(node: tuple[Any, Any]) -> Iterator[Any]:
    """The sequences within a node of Python's syntax tree."""
    code, value = node
    if code is codes.SUBPATTERN:
        yield value[3]
    elif code is codes.BRANCH:
        yield from value[1]
    elif code in REPEATS or code is codes.POSSESSIVE_REPEAT:
        yield value[2]


def check(sequence: Any) -> None:
    """Raises ``ValueError`` for what Python takes and RE2 does not."""
    for node in sequence:
        code, value = node
        if code in REFUSED or code is codes.POSSESSIVE_REPEAT:
            raise ValueError("error parsing regexp: invalid or unsupported Perl syntax")
        if code in REPEATS and max(value[0], 0 if value[1] is codes.MAXREPEAT else value[1]) > MAX_REPEAT:
            raise ValueError("error parsing regexp: invalid repeat count")
        for part in inner(node):
            check(part)


def tame(sequence: Any) -> bool:
    """Whether Python answers soon: no repetition holds a choice or another one, and few stand in one pattern."""
    return count(sequence, REPEATS) <= FREE and not any(nested(node) for node in sequence)


def count(sequence: Any, of: tuple[Any, ...]) -> int:
    """How many nodes of some kinds there are in a tree."""
    return sum((node[0] in of) + sum(count(part, of) for part in inner(node)) for node in sequence)


def nested(node: tuple[Any, Any]) -> bool:
    if node[0] in REPEATS:
        return any(count(part, (*REPEATS, codes.BRANCH)) for part in inner(node))
    return any(nested(child) for part in inner(node) for child in part)


Test = Callable[[str, int], bool]


@dataclass(slots=True)
class State:
    """One place of a pattern: a test of a character, a mark of a group, or a fork; ``ahead`` by preference."""

    test: Test | None = None
    takes: bool = False  # whether passing the test uses up a character
    mark: int = -1  # 2 × group, + 1 at its end
    ahead: tuple[int, ...] = ()


class Program:
    """A pattern as states. Matches as Python's own: leftmost, and of several ways the one tried first."""

    def __init__(self, tree: Any) -> None:
        """Raises ``ValueError`` for a pattern with too many states."""
        self._states: list[State] = []
        self._groups: dict[str, int] = dict(tree.state.groupdict)
        self._count: int = tree.state.groups
        self._known: dict[str, Found | None] = {}
        self._fold = bool(tree.state.flags & re.IGNORECASE)
        self._end = self._add(State())
        self._start = self._sequence(tree, self._end)

    def fullmatch(self, text: str) -> Found | None:
        if text not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[text] = self._search(text)
        return self._known[text]

    def _search(self, text: str) -> Found | None:
        """Visits each state at each position at most once: the time is bounded by their product."""
        seen: set[tuple[int, int]] = set()
        stack: list[tuple[int, int, tuple[tuple[int, int], ...]]] = [(self._start, 0, ())]
        while stack:
            at, position, marks = stack.pop()
            if (at, position) in seen:
                continue
            seen.add((at, position))
            if at == self._end:
                if position == len(text):
                    return Found(text, self._count, self._groups, dict(marks))
                continue
            state = self._states[at]
            if state.test is not None and not state.test(text, position):
                continue
            marks = marks if state.mark < 0 else (*marks, (state.mark, position))
            stack += [(following, position + state.takes, marks) for following in reversed(state.ahead)]
        return None

    def _add(self, state: State) -> int:
        if len(self._states) >= MAX_STATES:
            raise ValueError("error parsing regexp: expression nests too deeply")
        self._states.append(state)
        return len(self._states) - 1

    def _sequence(self, sequence: Any, following: int) -> int:
        """The first state of a sequence that goes on at ``following``."""
        for node in reversed(list(sequence)):
            following = self._node(node, following)
        return following

    def _node(self, node: tuple[Any, Any], following: int) -> int:
        code, value = node
        if code is codes.SUBPATTERN:
            return self._group(value, following)
        if code is codes.BRANCH:
            return self._add(State(ahead=tuple(self._sequence(part, following) for part in value[1])))
        if code in REPEATS:
            low, high, sequence = value
            return self._repeat(low, high, sequence, following, greedy=code is codes.MAX_REPEAT)
        test, takes = tested(code, value, self._fold)
        return self._add(State(test, takes, ahead=(following,)))

    def _group(self, value: Any, following: int) -> int:
        number, added, _, sequence = value
        before, self._fold = self._fold, self._fold or bool(added & re.IGNORECASE)
        if number is None:
            first = self._sequence(sequence, following)
        else:
            end = self._add(State(mark=2 * number + 1, ahead=(following,)))
            first = self._add(State(mark=2 * number, ahead=(self._sequence(sequence, end),)))
        self._fold = before
        return first

    def _repeat(self, low: int, high: Any, sequence: Any, following: int, greedy: bool) -> int:
        if high is codes.MAXREPEAT:
            fork = self._add(State())
            again = self._sequence(sequence, fork)
            self._states[fork].ahead = (again, following) if greedy else (following, again)
            following = fork
        else:
            leave = following
            for _ in range(high - low):
                again = self._sequence(sequence, following)
                following = self._add(State(ahead=(again, leave) if greedy else (leave, again)))
        for _ in range(low):
            following = self._sequence(sequence, following)
        return following


@dataclass(frozen=True, slots=True)
class Found:
    """A match of a program."""

    text: str
    count: int  # of the pattern's groups, the whole match included
    names: dict[str, int]
    marks: dict[int, int]

    def __getitem__(self, group: int | str) -> str:
        """Raises ``IndexError`` for a group that the pattern does not have."""
        if isinstance(group, str):
            if group not in self.names:
                raise IndexError(group)
            group = self.names[group]
        if group >= self.count:
            raise IndexError(group)
        if group == 0:
            return self.text
        start, end = self.marks.get(2 * group), self.marks.get(2 * group + 1)
        return "" if start is None or end is None else self.text[start:end]


def tested(code: Any, value: Any, fold: bool) -> tuple[Test, bool]:
    """The test of one character, and whether it uses it up. Python's own engine reads the class, once."""
    source = _source(code, value)
    single = re.compile(source, re.ASCII | (re.IGNORECASE if fold else 0))
    return lambda text, position: single.match(text, position) is not None, code is not codes.AT


def _source(code: Any, value: Any) -> str:
    """One character of a pattern, written out again."""
    if code is codes.LITERAL:
        return re.escape(chr(value))
    if code is codes.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    if code is codes.ANY:
        return "."
    if code is codes.AT:
        return PLACES[value]
    members = [_member(*member) for member in value]
    return f"[{''.join(members)}]"


def _member(code: Any, value: Any) -> str:
    if code is codes.NEGATE:
        return "^"
    if code is codes.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return re.escape(chr(value)) if code is codes.LITERAL else CATEGORIES[value]


PLACES = {
    codes.AT_BEGINNING: r"\A",
    codes.AT_BEGINNING_STRING: r"\A",
    codes.AT_BOUNDARY: r"\b",
    codes.AT_NON_BOUNDARY: r"\B",
    codes.AT_END: r"\Z",
    codes.AT_END_STRING: r"\Z",
}
CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
