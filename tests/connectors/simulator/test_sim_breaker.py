"""Breakers, third parties behind them, and clients that come again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator import breaker, retries, third_parties
from connectors.simulator.architecture import architecture_named
from connectors.simulator.breaker import CLOSED, Circuit
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.now import Now
from connectors.simulator.retries import NOBODY, Waiting
from connectors.simulator.third_parties import Calls, Party
from connectors.simulator.tick import Breaker, Levers, Mode
from tests.connectors.simulator.sim_levers import shop_now

PAYMENTS = architecture_named("shop").third_parties[0]
UNCALLED = Party()
USUAL = Breaker(failures=5, seconds=30)


def test_it_opens_after_five_failures_for_thirty_seconds_and_then_probes() -> None:
    circuit = breaker.after(CLOSED, USUAL, calls=8, failures=4.9, t=0)
    assert breaker.passed(circuit, USUAL, 1) == 1.0
    circuit = breaker.after(circuit, USUAL, calls=1, failures=1, t=1)
    assert [breaker.passed(circuit, USUAL, t) for t in (2, 30, 31)] == [0.0, 0.0, breaker.PROBES]


@pytest.mark.parametrize(("failures", "opens"), [(1.0, True), (0.0, False)])
def test_its_probes_decide(failures: float, opens: bool) -> None:
    probed = breaker.after(Circuit((), 31), USUAL, calls=1, failures=failures, t=31)
    assert probed.open is opens
    assert probed == (Circuit((), 61) if opens else CLOSED)


def test_without_a_probe_it_stays_half_open_and_without_a_setting_it_is_closed() -> None:
    assert breaker.after(Circuit((), 31), USUAL, 0, 0, 40) == Circuit((), 31)
    assert breaker.after(Circuit((), 31), None, 1, 1, 20) == CLOSED
    assert breaker.passed(Circuit((), 31), None, 20) == 1.0


def test_many_failures_among_more_good_calls_do_not_open_it() -> None:
    assert not breaker.after(CLOSED, USUAL, calls=1000, failures=400, t=0).open


def calls(levers: Levers, crisis: Crisis, wanted: float, state: Party = UNCALLED) -> tuple[Party, Calls]:
    now: Now = shop_now(levers, crisis)
    return third_parties.step(PAYMENTS, state, wanted, third_parties.terms_of(PAYMENTS, True, now), now)


def test_beyond_its_limit_a_third_party_refuses_more_than_the_excess() -> None:
    _, made = calls(Levers({}), CALM, PAYMENTS.limit * 1.2)
    assert made.answered == pytest.approx(PAYMENTS.limit * PAYMENTS.penalty)
    assert made.refused == pytest.approx(PAYMENTS.limit * 0.7)


def test_parked_calls_stay_under_the_limit_and_are_made_later() -> None:
    parked = Levers({}, modes=frozenset({Mode.PARK}))
    state, made = calls(parked, CALM, PAYMENTS.limit * 1.2)
    assert made.wrong == pytest.approx(0, abs=1e-6)
    assert state.queued == pytest.approx(PAYMENTS.limit * 0.2)
    for _ in range(10):
        state, made = calls(parked, CALM, 0.0, state)
    assert state.queued == 0


def test_another_third_party_is_not_struck() -> None:
    now = shop_now(Levers({}), replace(CALM, third_party_ok=0.0, third_party_slow=100.0, third_party_limit=0.0))
    assert third_parties.terms_of(PAYMENTS, False, now) == third_parties.terms_of(PAYMENTS, False, shop_now(Levers({})))


def came(waiting: Waiting, seconds: int, backoff: bool, jitter: bool, failed: float = 0.0) -> list[float]:
    """Who comes again in each of the next seconds, when nobody new does."""
    counts = []
    for _ in range(seconds):
        counts.append(waiting.due)
        waiting = retries.after(waiting, 0.0, failed, 0.0, backoff, jitter)
    return counts


def test_at_once_means_the_next_second() -> None:
    waiting = retries.after(NOBODY, 100.0, 1.0, 0.0, backoff=False, jitter=False)
    assert came(waiting, 3, backoff=False, jitter=False) == [100 * retries.RETRY, 0.0, 0.0]


def test_backing_off_doubles_the_wait_of_those_who_fail_again() -> None:
    waiting = retries.after(NOBODY, 100.0, 1.0, 0.0, backoff=True, jitter=False)
    counts = came(waiting, 40, backoff=True, jitter=False, failed=1.0)
    assert [second for second, count in enumerate(counts, 1) if count] == [1, 3, 7, 15, 31]


def test_who_is_told_429_comes_when_told_and_jitter_spreads_them() -> None:
    line = retries.after(NOBODY, 100.0, 0.0, 1.0, backoff=False, jitter=False)
    assert [second for second, count in enumerate(came(line, 20, False, False), 1) if count] == [retries.RETRY_AFTER]
    spread = came(retries.after(NOBODY, 100.0, 0.0, 1.0, backoff=False, jitter=True), 20, False, True)
    assert spread[: retries.RETRY_AFTER] == pytest.approx([100 * retries.LIMITED_RETRY / 10] * 10)


@given(st.floats(0, 1e6), st.floats(0, 1), st.booleans(), st.booleans())
def test_never_more_come_again_than_failed(fresh: float, failed: float, backoff: bool, jitter: bool) -> None:
    waiting = retries.after(NOBODY, fresh, failed, (1 - failed) / 2, backoff, jitter)
    assert 0 <= waiting.all <= fresh * retries.RETRY + 1e-6
