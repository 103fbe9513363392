"""Down from a workload to a pod to its log, and up again, by the keys."""

from __future__ import annotations

import asyncio

from console.app import SeawallApp
from console.model.component import ComponentId
from console.model.snapshot import Detail, Unreachable
from panels.lines import Lines
from panels.look import Look, down_rows
from tests.panels import estates
from tests.panels.stage import StillClock, StillSession, environment

PODS = ("kubernetes/pod/shop/api-1", "kubernetes/pod/shop/api-2")


class Deep(StillSession):
    """Every component has two pods; a pod has a log, longer than the screen."""

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        at = self.topology.at
        if "/pod/" in component:
            lines = tuple(("log api", f"line {number} of {component[-1]}") for number in range(40))
            return Detail(component, at, f"pod {component[-5:]}", ("what", "text"), lines)
        rows = (("api-1", "CrashLoopBackOff"), ("api-2", "Running"), ("other", "not to be opened"))
        return Detail(component, at, "pods of api", ("name", "status"), rows, into=(*PODS, ""))


async def test_down_to_a_log_and_up_again() -> None:
    calm = estates.calm()
    app = SeawallApp(environment(calm), StillClock(calm.at + 1), lambda changed: Deep(calm, changed))
    async with app.run_test(size=(80, 24)) as pilot:
        await asyncio.wait_for(app.opened.wait(), 10)
        app.refresh_now()
        await pilot.pause()

        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            await pilot.pause()
            return app.desk.query_one("#view", Lines).text

        assert "pods of api" in await press("5", "enter")
        await press("down", "down")  # the first press chooses the first row
        assert app.desk.look.row == PODS[1]
        await press("down")
        assert app.desk.look.row == PODS[1]  # what cannot be opened is not chosen
        text = await press("enter")
        assert app.desk.look.trail == (PODS[1],)
        assert "line 0 of 2" in text
        assert "line 39 of 2" in await press("G")
        assert "pods of api" in await press("escape")
        assert app.desk.look.row == PODS[1]
        assert "line 0 of 1" in await press("up", "enter")
        await press("escape", "escape")
        assert not app.desk.look.opened
        assert app.desk.look.subject == app.desk.look.key


def test_rows_are_chosen_by_pure_moves() -> None:
    look = down_rows(Look(opened=True), "up", PODS, 5)
    assert look.row == PODS[0]
    assert down_rows(look, "page_down", PODS, 5).row == PODS[1]
    deep = down_rows(look, "last", PODS, 5).into()
    assert (deep.subject, deep.row) == (PODS[1], "")
    assert deep.back() == down_rows(look, "last", PODS, 5)
    assert deep.viewing("lag").trail == ()
