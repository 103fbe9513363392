"""The runner dies anywhere: before or after any line of the journal, any write, any reading. Undo restores exactly.

Also with the journal deleted, also when the undo itself dies half-way. What died stays interrupted until someone
looks: nothing is undone by itself.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.exits import Exit
from playbooks.journal import path_of, read
from playbooks.library import load_all
from playbooks.phase import ENDED
from playbooks.playbook import Playbook
from tests.playbooks.running import RUN, in_force, run, undo
from tests.playbooks.small_estate import FACTS, Killed, SmallEstate

PLACES = 190  # where a run of the longest playbook can die


async def killed_run(estate: SmallEstate, playbook: Playbook, state: Path, place: int) -> bool:
    """Whether the run died at that place; False when it ended before."""
    with estate.killed_at(place):
        try:
            await run(estate, playbook, state)
        except Killed:
            return True
    return False


async def killed_undo(estate: SmallEstate, state: Path, place: int) -> None:
    with estate.killed_at(place):
        try:
            await undo(estate, state)
        except Killed:
            return


@settings(max_examples=40, deadline=None)
@given(
    place=st.integers(1, PLACES),
    again=st.integers(0, 40),
    journal=st.booleans(),
    playbook=st.sampled_from(load_all()[0]),
)
def test_undo_restores_exactly(
    tmp_path_factory: pytest.TempPathFactory, place: int, again: int, journal: bool, playbook: Playbook
) -> None:
    asyncio.run(history(tmp_path_factory.mktemp("state"), place, again, journal, playbook))


async def history(state: Path, place: int, again: int, journal: bool, playbook: Playbook) -> None:
    estate = SmallEstate()
    died = await killed_run(estate, playbook, state, place)
    path = path_of(state, RUN)
    if died and path.exists():
        assert read(path).exit is None or read(path).phase in ENDED
        assert read(path).broken == ""
    if not journal:
        path.unlink(missing_ok=True)
    if again:
        await killed_undo(estate, state, again)
    assert await undo(estate, state) is Exit.OK
    assert estate.values == FACTS
    assert in_force(estate) == []
    writes = len(estate.writes)
    assert await undo(estate, state) is Exit.OK
    assert len(estate.writes) == writes
    assert read(path).broken == ""
    shutil.rmtree(state)


def test_the_places_reach_through_the_whole_run(tmp_path: Path) -> None:
    for playbook in load_all()[0]:
        assert not asyncio.run(killed_run(SmallEstate(), playbook, tmp_path / playbook.name, PLACES))
