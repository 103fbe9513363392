"""Browsing as pure moves."""

from __future__ import annotations

from panels.filter import kept
from panels.line import Row, Span
from panels.look import MOVES, Look, settled, typing

KEYS = ("users", "api", "cache")


def after(*moves: str, look: Look | None = None) -> Look:
    start = settled(Look(), KEYS) if look is None else look
    for move in moves:
        start = MOVES[move](start, KEYS, 2)
    return start


def test_moving_stops_at_the_ends() -> None:
    assert after("up").key == "users"
    assert after("down", "down", "down").key == "cache"
    assert after("last").key == "cache"
    assert after("last", "first").key == "users"
    assert after("page_down").key == "cache"


def test_each_view_remembers_what_was_chosen_in_it() -> None:
    look = after("down", "view.lag")
    assert look.key == ""
    assert after("view.topology", look=look).key == "api"


def test_the_chosen_row_stays_chosen_while_it_is_there() -> None:
    look = after("down")
    assert settled(look, ("cache", "api")).key == "api"
    assert settled(look, ("users", "cache")).key == "users"
    assert settled(look, ()).key == "api"


def test_back_goes_one_step_at_a_time() -> None:
    look = Look(view="lag", opened=True, filter="orders")
    look = look.back()
    assert (look.opened, look.filter, look.view) == (False, "orders", "lag")
    look = look.back()
    assert (look.filter, look.view) == ("", "lag")
    assert look.back().view == "topology"


def test_the_filter_applies_while_it_is_typed_and_esc_clears_it() -> None:
    look = after("filter")
    for key, character in (("a", "a"), ("exclamation_mark", "!"), ("backspace", None), ("p", "p")):
        look = typing(look, key, character)
    assert (look.typed, look.filter) == ("ap", "ap")
    assert typing(look, "enter", "\r").filter == "ap"
    assert typing(look, "enter", "\r").typed is None
    assert typing(look, "escape", "\x1b").filter == ""
    assert typing(look, "f1", None).filter == "ap"


def test_filtering_is_over_what_a_row_says() -> None:
    rows = (Row((Span("api"), Span(" CRIT")), "api"), Row((Span("dns"), Span(" OK")), "dns"), Row((Span("in force"),)))

    def left(text: str) -> list[str]:
        return [row.key for row in kept(rows, text)]

    assert left("") == ["api", "dns", ""]
    assert left("crit") == ["api", ""]
    assert left("!crit") == ["dns", ""]
    assert left("!") == ["api", "dns", ""]
    assert left("[") == [""]
