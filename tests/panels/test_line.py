"""Lines as plain data: exact widths, whatever is in them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from panels.line import Line, Span, Tone, cut, fit, packed, right, spread, text_of, width_of, wrapped

TEXT = st.text(alphabet="ab 注…▁", max_size=12)
LINES = st.lists(st.builds(Span, TEXT, st.sampled_from(Tone)), max_size=5).map(tuple)


@settings(max_examples=150)
@given(LINES, st.integers(min_value=0, max_value=40))
def test_a_fitted_line_is_exactly_as_wide_as_asked(line: Line, width: int) -> None:
    assert width_of(fit(line, width)) == width


@settings(max_examples=100)
@given(LINES, LINES, st.integers(min_value=60, max_value=130))
def test_spread_keeps_the_end_at_the_right_edge(left: Line, end: Line, width: int) -> None:
    line = spread(left, end, width)
    assert width_of(line) == width
    assert text_of(line).endswith(text_of(end))


def test_a_line_that_fits_is_not_cut() -> None:
    assert text_of(fit((Span("abc"), Span("de")), 5)) == "abcde"
    assert text_of(fit((Span("abc"), Span("de")), 4)) == "abc…"
    assert text_of(fit((Span("abc"), Span("de")), 3)) == "ab…"


def test_cut_right_and_wide_characters() -> None:
    assert cut("注文注文", 5) == "注文…"
    assert right("41%", 5) == "  41%"
    assert right("too long", 4) == "too…"


def test_packing_leaves_out_whole_pieces_and_takes_smaller_ones_behind() -> None:
    pieces = ((Span("aaaa"),), (Span("bbbbbbbb"),), (Span("cc"),))
    assert text_of(packed(pieces, 9)) == "aaaa  cc"
    assert text_of(packed(pieces, 40)) == "aaaa  bbbbbbbb  cc"
    assert packed(pieces, 1) == ()


def test_wrapping_sets_the_rest_in() -> None:
    assert wrapped("  ends in 2h by itself", 14) == ("  ends in 2h", "    by itself")
    assert wrapped("", 10) == ("",)
