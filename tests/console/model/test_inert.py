"""Text from outside never steers a terminal, without a terminal's library in sight."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.inert import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders a-b_c.d", "orders a-b_c.d"),
        ("\x1b]0;x\x07", "␛]0;x␇"),
        ("a\nb\r\tc\x00\x7f", "a␊b␍␉c␀␡"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200db\u2028c", "a\\u200db\\u2028c"),
        ("e\u0301", "é"),
        ("x\u0301\u0302", "x\\u0301\\u0302"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("注文", "注文"),
    ],
)
def test_each_kind_of_trouble_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert inert(text) == shown


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_whatever_comes_it_is_one_harmless_line_and_stays_so(text: str) -> None:
    shown = inert(text)
    assert all(unicodedata.category(each)[0] not in "CM" or unicodedata.category(each) == "Mc" for each in shown)
    assert len(shown.splitlines()) <= 1
    assert inert(shown) == shown
