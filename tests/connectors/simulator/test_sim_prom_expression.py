"""Regular expressions: what Python's engine finds, in bounded time, and what RE2 refuses."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.prometheus.expression import Program, expression

ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "\\w", "\\d", "^", "$", "\\b", "(?:a|b)", "(a)", "(b|ab)", "(?i:A)"]
)
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "*?", "+?", "{2}", "{1,3}", "{0,2}?"])
PIECES = st.builds("{}{}".format, ATOMS, QUANTIFIERS)
PATTERNS = st.recursive(
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
    lambda inner: st.one_of(
        st.builds("({}){}".format, inner, QUANTIFIERS),
        st.builds("{}|{}".format, inner, inner),
        st.builds("(?P<n>{})x".format, inner),
    ),
    max_leaves=3,
)
RUNAWAY = ["(a*)*b", "(a+)+$", "(a|a)*b", "(.*)*(.*)*!", ".*.*.*.*.*.*.*!", "(?:(?:a?){30}){30}b", "([a-z]+)*[0-9]"]


def parsed(pattern: str) -> Program:
    from re import _parser  # type: ignore[attr-defined]

    return Program(_parser.parse(pattern, re.ASCII))


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.text("abAx1", max_size=8))
def test_our_engine_finds_what_pythons_finds(pattern: str, text: str) -> None:
    try:
        theirs = re.compile(pattern, re.ASCII)
    except re.error:  # a name that stands twice, a repetition of nothing
        return
    found, wanted = parsed(pattern).fullmatch(text), theirs.fullmatch(text)
    assert (found is None) == (wanted is None), pattern
    if found is not None and wanted is not None and not re.search(r"\)[*+?{]", pattern):
        groups = range(theirs.groups + 1)  # of a group that is repeated, engines remember different turns
        assert [found[i] for i in groups] == [wanted[i] or "" for i in groups], pattern


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_no_expression_runs_away(pattern: str) -> None:
    begin = time.process_time()
    assert expression(pattern).fullmatch("a" * 200) is None or pattern == "(a+)+$"
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    "pattern",
    ["(", "a(?=b)", "a(?!b)", "(a)\\1", "a{1001}", "(?>a)", "a*+", "(?<n>a)", "((a{100}){100}){100}", "a{2,1}"],
)
def test_what_re2_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="error parsing regexp"):
        expression(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("([a-z]+)-([0-9]+)", "api-12", ["api-12", "api", "12"]),
        ("(?:(a+)|(b+))+", "aab", ["aab", "aa", "b"]),
        ("((x)|y)*z", "xyz", ["xyz", "y", "x"]),
        ("[[:alpha:]]+(\\d)", "web1", ["web1", "1"]),
    ],
)
def test_groups(pattern: str, text: str, groups: list[str]) -> None:
    found = expression(pattern).fullmatch(text)
    assert found is not None
    assert [found[i] for i in range(len(groups))] == groups
    with pytest.raises(IndexError):
        found[len(groups)]
    with pytest.raises(IndexError):
        found["nothing"]
