"""The formulas against what they approximate, and the noise against what is asked of it."""

from __future__ import annotations

from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.noise import noise
from connectors.simulator.queueing import Scalability, mean_wait, share_within

CURVE = Scalability(single=100.0, contention=0.02, coherence=0.0002)


def erlang_wait(arrivals: float, service: float, servers: int) -> float:
    """The exact mean wait of M/M/c, by Erlang's C formula."""
    load = arrivals * service
    busy = load / servers
    last = load**servers / factorial(servers) / (1 - busy)
    waits = last / (sum(load**n / factorial(n) for n in range(servers)) + last)
    return waits * service / (servers * (1 - busy))


@pytest.mark.parametrize("servers", [1, 2, 5, 20])
@pytest.mark.parametrize("busy", [0.5, 0.8, 0.95])
def test_the_mean_wait_is_near_erlangs(servers: int, busy: float) -> None:
    exact = erlang_wait(busy * servers / 0.004, 0.004, servers)
    near = mean_wait(busy * servers / 0.004, servers / 0.004, servers)
    assert near == pytest.approx(exact, rel=0.15, abs=0.004 * 0.03)  # of a service time


@pytest.mark.parametrize(("arrivals", "capacity", "servers"), [(0.0, 10.0, 1.0), (5.0, 0.0, 1.0), (5.0, 10.0, 0.0)])
def test_where_nothing_moves_nobody_waits(arrivals: float, capacity: float, servers: float) -> None:
    assert mean_wait(arrivals, capacity, servers) == 0.0


@given(st.floats(0.0, 1e6), st.floats(1.0, 1e5), st.floats(0.5, 200.0))
def test_a_wait_is_finite_even_beyond_capacity(arrivals: float, capacity: float, servers: float) -> None:
    assert 0 <= mean_wait(arrivals, capacity, servers) < 1e3 * servers / capacity


def test_the_share_within_a_limit_is_that_of_a_shifted_exponential() -> None:
    assert share_within(3.0, 1.0, 2.0) == pytest.approx(1 - exp(-1.0))
    assert share_within(1.0, 1.0, 2.0) == 0.0
    assert share_within(2.0, 1.0, 0.0) == 1.0


def test_throughput_turns_back_beyond_the_best_number() -> None:
    best = CURVE.best
    assert CURVE.throughput(best) > CURVE.throughput(best / 2)
    assert CURVE.throughput(best) > CURVE.throughput(best * 2)


@given(st.floats(0.01, 1.0))
def test_the_fewest_workers_for_a_rate_give_that_rate(share: float) -> None:
    rate = share * CURVE.throughput(CURVE.best)
    workers = CURVE.workers_for(rate)
    assert workers <= CURVE.best * 1.001
    assert CURVE.throughput(workers) == pytest.approx(rate, rel=1e-6)


@given(st.integers(), st.integers(-(10**6), 10**6))
def test_noise_is_bounded_and_fixed_by_its_arguments(seed: int, t: int) -> None:
    value = noise(seed, "users", t)
    assert -1 <= value <= 1
    assert value == noise(seed, "users", t)


def test_noise_has_no_lean_and_its_purposes_do_not_follow_each_other() -> None:
    users = [noise(1, "users", t) for t in range(4000)]
    dns = [noise(1, "dns", t) for t in range(4000)]
    assert abs(sum(users) / 4000) < 0.05
    assert abs(sum(one * other for one, other in zip(users, dns, strict=True)) / 4000) < 0.03
