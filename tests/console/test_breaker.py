"""A sick backend is asked more rarely, soon enough to see it mended, and in no hurry where asking does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.breaker import BELIEVED, LONGEST, pause_after
from console.model.snapshot import FailureKind, Unreachable

HARMLESS = [kind for kind in FailureKind if kind.name not in ("EXPIRED", "FORBIDDEN", "THROTTLED")]


def failed(kind: FailureKind, retry_after: float | None = None) -> Unreachable:
    return Unreachable("redis", 0.0, kind, "…", retry_after=retry_after)


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_mended_is_seen_within_two_intervals(kind: FailureKind) -> None:
    assert all(
        interval < pause_after(failed(kind), n, interval) < 2 * interval for n in (1, 50) for interval in (1, 30)
    )


@pytest.mark.parametrize(("failures", "pause"), [(1, 1), (2, 2), (4, 8), (9, 16)])
def test_refused_credentials_are_shown_more_and_more_rarely(failures: int, pause: float) -> None:
    assert pause_after(failed(FailureKind.EXPIRED), failures, 1.0) == pause


def test_a_server_is_asked_again_when_it_said() -> None:
    assert pause_after(failed(FailureKind.THROTTLED, retry_after=20.0), 1, 1.0) == 20.0
    assert pause_after(failed(FailureKind.THROTTLED, retry_after=1e9), 1, 1.0) == BELIEVED
    assert pause_after(failed(FailureKind.THROTTLED), 1, 1.0) == 1.0


@given(
    st.sampled_from(FailureKind),
    st.integers(1, 10_000),
    st.floats(0.2, 3600),
    st.none() | st.floats(allow_nan=False, allow_infinity=True),
)
def test_it_is_never_asked_in_a_hurry_and_never_forgotten(
    kind: FailureKind, failures: int, interval: float, retry_after: float | None
) -> None:
    pause = pause_after(failed(kind, retry_after), failures, interval)
    assert interval <= pause <= max(LONGEST, BELIEVED, interval * 1.5)
    assert pause_after(None, 0, interval) == interval
