"""The phase table: closed, and without a way back from an end but an undo."""

from __future__ import annotations

import pytest

from playbooks.phase import ENDED, NEXT, IllegalMove, Phase, move


def test_every_phase_has_a_row() -> None:
    assert set(NEXT) == set(Phase)


def test_every_phase_but_the_first_can_be_reached() -> None:
    assert {to for row in NEXT.values() for to in row} == set(Phase) - {Phase.PLANNED}


@pytest.mark.parametrize("phase", sorted(ENDED))
def test_an_ended_run_can_only_be_undone(phase: Phase) -> None:
    assert NEXT[phase] == {Phase.UNDOING}


@pytest.mark.parametrize("phase", sorted(set(Phase) - ENDED))
def test_a_run_at_work_may_be_interrupted(phase: Phase) -> None:
    assert move(phase, Phase.INTERRUPTED) is Phase.INTERRUPTED


def test_an_illegal_move_raises() -> None:
    with pytest.raises(IllegalMove, match="a run that is planned cannot become in force"):
        move(Phase.PLANNED, Phase.IN_FORCE)
