"""What a process has held as a secret is hidden wherever it comes back from outside."""

from __future__ import annotations

import pytest

from connectors import secret
from connectors.failure import one_line
from connectors.secret import Secret, masked, remember


def test_what_was_revealed_is_hidden_in_what_comes_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_CANARY", "canary-in-an-error")
    assert masked("AUTH canary-in-an-error") == "AUTH canary-in-an-error"  # nobody has held it yet
    Secret("env:SEAWALL_CANARY").reveal()
    assert masked("-ERR unknown AUTH canary-in-an-error!") == "-ERR unknown AUTH <secret>!"
    assert one_line("a\ncanary-in-an-error") == "a <secret>"


def test_a_secret_that_is_a_part_of_another_leaves_nothing_of_it() -> None:
    remember("canary")
    remember("canary-and-more")
    assert masked("x canary-and-more y") == "x <secret> y"


def test_it_is_hidden_before_a_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    remember("canary-that-is-cut")
    assert "canary" not in one_line("x" * 30 + "canary-that-is-cut", most=40)


@pytest.mark.parametrize("scheme", ["Basic", "bearer", "BEARER"])
def test_a_header_of_authorization_is_hidden_whoever_made_it(scheme: str) -> None:
    assert masked(f"GET / authorization: {scheme} YW5uOmNhbmFyeQ==") == f"GET / authorization: {scheme} <secret>"


@pytest.mark.parametrize("text", ["basic authentication is off", "no bearer token was sent", "WRONGPASS invalid"])
def test_ordinary_words_stay(text: str) -> None:
    assert masked(text) == text


def test_no_more_are_kept_than_a_process_needs() -> None:
    for number in range(600):
        remember(f"token-number-{number}")
    assert masked("token-number-599") == "<secret>"
    assert len(secret._revealed) <= 256


def test_a_secret_of_a_letter_or_two_hides_no_words() -> None:
    remember("a")
    assert masked("a banana") == "a banana"
