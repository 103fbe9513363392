"""The whole way by keys at 80x24: the simulated shop, the real engine, a runner of its own, and back again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.app import console
from panels.desk import Desk
from panels.lines import Lines
from tests.playbooks.shop import shop

SPEED = 20.0
PATIENCE = 60.0  # wall seconds


async def until(pilot: Pilot[int], condition: Callable[[], bool], said: Callable[[], str]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, said()
        await pilot.pause(0.05)


@pytest.mark.timeout(150)
async def test_viral_spike_is_run_and_undone_by_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with shop(tmp_path, "viral-spike", SPEED) as estate:
        before = estate.facts()
        app = console(estate.environment)
        async with app.run_test(size=(80, 24)) as pilot:
            await asyncio.wait_for(app.opened.wait(), PATIENCE)

            def reads(name: str) -> str:
                return "\n".join(each.text for each in app.screen.query(Lines) if name in ("", each.id))

            async def approved(changes: str) -> None:
                await until(pilot, lambda: changes in reads(""), lambda: reads(""))
                await pilot.pause(0.5)  # it is deaf for as long
                await pilot.press("Y")
                await until(
                    pilot, lambda: isinstance(app.screen, Desk) and app.conduct.progress is not None, lambda: reads("")
                )
                await until(pilot, lambda: not app.conduct.running, lambda: reads("run"))

            await until(pilot, lambda: "????" not in reads("view"), lambda: reads("view"))
            await pilot.press("exclamation_mark", "v", "enter")
            await approved("Y makes")
            await until(
                pilot, lambda: "in force 7" in reads("footer") or "in force 8" in reads("footer"), lambda: reads("")
            )
            assert app.conduct.progress is not None
            assert app.conduct.progress.code in (0, 23), reads("run")
            await pilot.press("z")
            await approved("Y makes")
            assert app.conduct.progress.code == 0, reads("run")
            assert estate.facts() == before
