"""One picture a view, at the size of a serial line and at that of a desk. Look at each before accepting it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from console.app import SeawallApp
from console.model.topology import Topology
from tests.panels import estates
from tests.panels.stage import StillClock, console

Snap = Callable[..., bool]


def keys(*pressed: str, later: float = 0.5) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Waits for the session, then presses; the clock moves on before each key, as a person's would."""

    async def run(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, SeawallApp)
        assert isinstance(app.clock, StillClock)
        await asyncio.wait_for(app.opened.wait(), 10)
        app.refresh_now()
        for key in pressed:
            app.clock.ahead(later / len(pressed))
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause()

    return run


VIEWS: dict[str, tuple[Callable[[], Topology], tuple[str, ...]]] = {
    "topology_calm": (estates.calm, ()),
    "topology_viral": (estates.viral, ("j", "j", "j", "j")),
    "topology_acted": (estates.acted, ()),
    "source_failing": (estates.failing, ()),
    "nothing_known": (estates.unknown, ()),
    "hostile": (estates.hostile, ()),
    "lag": (estates.viral, ("3",)),
    "pods": (estates.viral, ("5",)),
    "drill_down": (estates.viral, ("5", "enter")),
    "playbooks": (estates.acted, ("6",)),
    "help": (estates.viral, ("question_mark",)),
    "menu": (estates.viral, ("exclamation_mark",)),
    "parameters": (estates.viral, ("exclamation_mark", "v")),
    "plan": (estates.viral, ("exclamation_mark", "v", "enter")),
}


def look(view: str, size: tuple[int, int], snap_compare: Snap) -> bool:
    estate, pressed = VIEWS[view]
    return snap_compare(console(estate(), armed=True), terminal_size=size, run_before=keys(*pressed))


@pytest.mark.parametrize("view", VIEWS)
def test_at_80x24(snap_compare: Snap, view: str) -> None:
    assert look(view, (80, 24), snap_compare)


@pytest.mark.parametrize("view", ["topology_acted", "lag", "pods", "drill_down", "plan"])
def test_at_120x40(snap_compare: Snap, view: str) -> None:
    assert look(view, (120, 40), snap_compare)


def test_a_run_beside_the_estate_it_acts_on(snap_compare: Snap) -> None:
    app = console(estates.viral(), armed=True)
    assert snap_compare(app, run_before=keys("exclamation_mark", "v", "enter", "Y", later=2.5))


def test_production_looks_different(snap_compare: Snap) -> None:
    app = console(estates.viral(), production=True)
    assert snap_compare(app, run_before=keys("A", "exclamation_mark", "v", "enter"))
