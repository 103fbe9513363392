"""SCRAM's server, message by message: by the example of RFC 7677, and against tampering."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.kafka.sasl import Accounts
from connectors.simulator.kafka.scram import Challenge, First, Unproved, Verifier, salt_for

FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"  # RFC 7677, section 3
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
PROOF = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
LAST = b"c=biws,r=" + NONCE.encode() + b",p=" + PROOF


def challenge() -> Challenge:
    return Challenge(First.read(FIRST), Verifier.of("SCRAM-SHA-256", "pencil", SALT), NONCE)


def test_the_rfcs_example() -> None:
    made = challenge()
    assert made.first.user == "user"
    assert made.text == f"r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()
    assert made.settled(LAST) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    "last",
    [
        b"",
        b"c=biws,r=" + NONCE.encode(),
        LAST.replace(b"dHzb", b"dHzc"),
        LAST.replace(NONCE.encode(), b"another"),
        LAST + b"!",
        b"c=biws,r=" + NONCE.encode() + b",p=",
        b"\xff\xfe,p=" + PROOF,
    ],
)
def test_what_is_no_proof_is_refused(last: bytes) -> None:
    with pytest.raises(Unproved):
        challenge().settled(last)


@pytest.mark.parametrize("first", [b"", b"n,,", b"n,,n=user", b"n,,r=x", b"p=tls-unique,,n=user,r=x", b"n,,n=\xff,r=x"])
def test_what_is_no_first_message_is_refused(first: bytes) -> None:
    with pytest.raises(Unproved):
        First.read(first)


def test_commas_and_equals_signs_in_a_name_are_quoted() -> None:
    assert First.read(b"n,,n=a=2Cb=3Dc,r=x").user == "a,b=c"


def test_salts_follow_from_the_seed_and_nonces_never_repeat() -> None:
    assert salt_for(1, "SCRAM-SHA-256", "u") == salt_for(1, "SCRAM-SHA-256", "u") != salt_for(2, "SCRAM-SHA-256", "u")
    accounts = Accounts(1, {})
    assert len({accounts.nonce() for _ in range(50)}) == 50


@given(st.sampled_from(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]), st.lists(st.binary(max_size=60), max_size=4))
def test_noise_never_gets_in(mechanism: str, tokens: list[bytes]) -> None:
    exchange = Accounts(1, {"u": "p"}).exchange(mechanism)
    for token in tokens:
        try:
            exchange.take(token)
        except Unproved:
            continue
    assert exchange.user == ""
