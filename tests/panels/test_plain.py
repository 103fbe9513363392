"""Text from outside never steers the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from panels.plain import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders", "orders"),
        ("a b", "a b"),
        ("\x1b[2J", "␛[2J"),
        ("a\nb\tc\x00", "a␊b␉c␀"),
        ("\x7f", "␡"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200db", "a\\u200db"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("é", "é"),
        ("e\u0301", "é"),
        ("x\u0301\u0302", "x\\u0301\\u0302"),
        ("\ud800", "\\ud800"),
        ("注文", "注文"),
    ],
)
def test_each_kind_of_trouble_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert inert(text) == shown


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_whatever_comes_every_character_takes_a_cell_and_none_controls(text: str) -> None:
    shown = inert(text)
    assert all(unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in shown)
    assert all(cell_len(each) > 0 for each in shown)
    assert inert(shown) == shown


@settings(max_examples=100)
@given(st.text(max_size=40), st.integers(min_value=0, max_value=20))
def test_it_never_takes_more_cells_than_it_may(text: str, width: int) -> None:
    assert cell_len(inert(text, width)) <= width


def test_what_was_cut_says_so() -> None:
    assert inert("notifications", 8) == "notific…"
