"""What the operating system said is found below what clients made of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from errno import ECONNREFUSED, EHOSTUNREACH

import pytest

from connectors import failure
from connectors.failure import innermost, kind_of, one_line
from connectors.kafka import failure as kafka
from connectors.kafka import rest
from connectors.kubernetes import answer as kubernetes
from connectors.prometheus import reply as prometheus
from console.model.snapshot import FailureKind


def wrapped(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as error:
            raise RuntimeError("pool exhausted") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "kind", "words"),
    [
        (ConnectionRefusedError(ECONNREFUSED, "Connect call failed"), FailureKind.REFUSED, "Connection refused"),
        (OSError(EHOSTUNREACH, "Connect call failed"), FailureKind.REFUSED, "No route to host"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), FailureKind.NAME, "Name or service"),
        (ssl.SSLError(1, "wrong version number"), FailureKind.TLS, "wrong version number"),
        (TimeoutError("timed out"), FailureKind.TIMED_OUT, "timed out"),
        (ValueError("not\x1b[2J a\nnumber"), FailureKind.PROTOCOL, "not [2J a number"),
    ],
)
def test_each_is_told_apart_in_the_words_of_the_system(cause: Exception, kind: FailureKind, words: str) -> None:
    error = wrapped(cause)
    assert kind_of(error) is kind
    assert innermost(error).startswith(words)


ADVICES = [failure.ADVICE, kafka.ADVICE, rest.ADVICE, kubernetes.ADVICE, prometheus.ADVICE]


@pytest.mark.parametrize("advices", ADVICES)
def test_an_advice_is_a_sentence_that_says_what_to_do_next(advices: Mapping[FailureKind, str]) -> None:
    for kind, advice in advices.items():
        assert advice.split()[0] in ("check", "ask", "raise", "renew", "log"), kind
        assert len(advice) < 120, kind
        assert one_line(advice) == advice, kind


def test_every_kind_has_one() -> None:
    assert set(failure.ADVICE) == set(FailureKind)


async def test_a_closed_port_is_refused_in_the_systems_words_whichever_client_knocked() -> None:
    with pytest.raises(OSError) as caught:
        await asyncio.open_connection("127.0.0.1", 1)
    assert innermost(caught.value) == "Connection refused"


def test_a_reason_is_one_short_printable_line() -> None:
    assert one_line("a\tb \x9b\n c" + "d" * 300, 8) == "a b cdd…"
