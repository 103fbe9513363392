"""The console by its keys, at 80x24, on a hand-made estate and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from console.acting import Prepared
from console.app import SeawallApp
from console.inquiry import CannotOpen
from console.model.topology import Topology
from panels.desk import Desk
from panels.line import Tone
from panels.lines import Lines
from panels.plan import PlanDialog
from tests.panels import estates
from tests.panels.stage import PLAN, SmallEngine, StillClock, StillSession, console, environment

SMALL, WIDE = (80, 24), (120, 40)


class Seat:
    """Who sits at the console: presses keys and reads the screen."""

    def __init__(self, app: SeawallApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def clock(self) -> StillClock:
        assert isinstance(self.app.clock, StillClock)
        return self.app.clock

    @property
    def engine(self) -> SmallEngine:
        assert isinstance(self.app.conduct.acting, SmallEngine)
        return self.app.conduct.acting

    def reads(self, name: str) -> str:
        return self.app.screen.query_one(f"#{name}", Lines).text

    @property
    def whole(self) -> str:
        return "\n".join(lines.text for lines in self.app.screen.query(Lines) if lines.display)


@asynccontextmanager
async def seated(
    topology: Topology, size: tuple[int, int] = SMALL, *, armed: bool = False, production: bool = False
) -> AsyncIterator[Seat]:
    app = console(topology, armed=armed, production=production)
    async with app.run_test(size=size) as pilot:
        await asyncio.wait_for(app.opened.wait(), 10)
        app.refresh_now()
        await pilot.pause()
        yield Seat(app, pilot)


@pytest.fixture(scope="module")
def calm() -> Topology:
    return estates.calm(60)


@pytest.fixture(scope="module")
def viral() -> Topology:
    return estates.viral()


async def test_the_first_frame_shows_the_layout_before_any_session(calm: Topology) -> None:
    app = console(calm)
    async with app.run_test(size=SMALL) as pilot:
        assert all(alias in app.desk.query_one("#view", Lines).text for alias in ("users", "api", "payments"))
        await asyncio.wait_for(app.opened.wait(), 10)
        app.refresh_now()
        await pilot.pause()
        assert "5/5 pods" in app.desk.query_one("#view", Lines).text


async def test_views_are_one_key_away(viral: Topology) -> None:
    async with seated(viral) as seat:
        assert "gateway" in seat.reads("view")
        await seat.press("3")
        assert "GROUP" in seat.reads("view")
        await seat.press("5")
        assert "WORKLOAD" in seat.reads("view")
        await seat.press("6")
        assert "viral-spike" in seat.reads("view")
        await seat.press("q")
        assert "gateway" in seat.reads("view")


async def test_choosing_opening_and_the_drill_down(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("j", "j", "j", "j", "enter")
        assert seat.reads("view").startswith(" api")
        assert "CrashLoopBackOff" not in seat.reads("view")
        await seat.press("enter")
        await seat.pilot.pause()
        assert "CrashLoopBackOff" in seat.reads("view")
        assert "␛[2J" in seat.reads("view")
        await seat.press("escape")
        assert "users" in seat.reads("view")


async def test_the_detail_stands_beside_from_120_columns(calm: Topology) -> None:
    async with seated(calm, WIDE) as seat:
        await seat.press("down", "down", "down", "down")
        assert seat.reads("detail").startswith(" api")
    async with seated(calm, (119, 40)) as seat:
        assert not seat.app.desk.query_one("#detail", Lines).display


async def test_the_filter_narrows_and_inverts(viral: Topology) -> None:
    async with seated(viral) as seat:
        await seat.press("slash", *"crit", "enter")
        assert "gateway" in seat.reads("view")
        assert "dns" not in seat.reads("view")
        assert "filter: crit" in seat.reads("footer")
        await seat.press("escape")
        assert "dns" in seat.reads("view")
        await seat.press("slash", *"!crit")
        assert "gateway" not in seat.reads("view")


async def test_pause_holds_the_screen_and_says_since_when(calm: Topology, viral: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("p")
        held = seat.reads("view")
        assert "PAUSED since" in seat.reads("header")
        seat.clock.ahead(30)
        seat.app.topology = viral
        seat.app.refresh_now()
        assert seat.reads("view") == held
        await seat.press("p")
        assert seat.reads("view") != held
        assert "PAUSED" not in seat.reads("header")


async def test_a_dead_key_says_why(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("exclamation_mark")
        assert "! is for armed consoles: press A" in seat.reads("footer")
        await seat.press("z")
        assert "z is for armed consoles: press A" in seat.reads("footer")
        await seat.press("x")
        assert "x stops a run; none is shown" in seat.reads("footer")
        await seat.press("v")
        assert "v does nothing here" in seat.reads("footer")
        await seat.press("j")
        assert "nothing here" not in seat.reads("footer")


async def test_keys_that_come_faster_than_a_dialog_goes_close_it_once(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("question_mark")
        for _ in range(3):
            seat.app.screen.post_message(Key("c", "c"))
        await seat.pilot.pause()
        assert seat.app.screen is seat.app.desk


async def test_only_a_simulated_estate_can_be_told_how_fast_to_run(calm: Topology) -> None:
    async with seated(calm) as seat:
        for key in ("less_than_sign", "greater_than_sign", "equals_sign"):
            await seat.press(key)
            assert "only a simulated estate has a pace of its own" in seat.reads("footer")
            await seat.press("j")
        await seat.press("question_mark")
        assert "slower" not in seat.whole


async def test_arming_ends_by_itself(calm: Topology) -> None:
    async with seated(calm) as seat:
        assert " RO " in seat.reads("header")
        await seat.press("A")
        assert "ARMED 15m" in seat.reads("header")
        seat.clock.ahead(901)
        seat.app.refresh_now()
        assert " RO " in seat.reads("header")


async def approve(seat: Seat) -> None:
    await seat.press("exclamation_mark", "v", "enter")


async def test_a_run_by_keys_and_its_undo(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        await approve(seat)
        assert "Y makes 4 changes" in seat.whole
        seat.clock.ahead(0.5)
        await seat.press("Y")
        assert seat.engine.started == ["viral-spike"]
        assert "next: features" in seat.reads("run")
        seat.engine.told = 4
        seat.app.refresh_now()
        assert "in force and verified" in seat.reads("run")
        assert seat.app.desk.query_one("#run", Lines).display
        assert "? ttl: cache.hit_rate rising: no data, inconclusive" in seat.reads("run")
        await seat.press("z")
        seat.clock.ahead(0.5)
        await seat.press("Y")
        assert seat.engine.started == ["viral-spike", "undo"]
        await seat.press("escape")
        assert "the run goes on: x stops it" in seat.reads("footer")
        seat.engine.told = 4
        seat.app.refresh_now()
        await seat.press("escape")
        assert not seat.app.desk.query_one("#run", Lines).display


async def test_only_the_confirm_key_confirms_and_not_in_haste(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        await approve(seat)
        await seat.press("Y")  # typed ahead: within 400 ms
        assert seat.engine.started == []
        seat.clock.ahead(0.5)
        await seat.press("y", "enter", "v", "space")
        assert seat.engine.started == []
        assert "Y makes 4 changes" in seat.whole
        await seat.press("escape")
        assert isinstance(seat.app.screen, Desk)
        assert seat.engine.started == []


async def test_a_paste_is_never_a_key(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        seat.app.screen.post_message(Paste("!v\nY"))
        await seat.pilot.pause()
        assert isinstance(seat.app.screen, Desk)
        await approve(seat)
        seat.clock.ahead(0.5)
        seat.app.screen.post_message(Paste("YYY\n"))
        await seat.pilot.pause()
        assert seat.engine.started == []
        assert "Y makes 4 changes" in seat.whole


@pytest.mark.parametrize("size", [SMALL, (60, 15), WIDE])
@pytest.mark.parametrize("production", [False, True])
async def test_a_long_plan_shows_its_question_and_can_be_read_to_the_end(
    viral: Topology, size: tuple[int, int], production: bool
) -> None:
    async with seated(viral, size, armed=True, production=production) as seat:
        if production:
            await seat.press("A")
        await approve(seat)
        seat.clock.ahead(0.5)
        asks, frame = seat.app.screen.query_one("#asks", Lines), seat.app.screen.query_one("#frame")
        assert asks.region.bottom < frame.region.bottom <= size[1]  # the border is below it
        assert "esc leaves it" in asks.text
        for _ in PLAN:
            assert "plan 3f9a2c" in seat.reads("said") or "more below" in asks.text
            await seat.press("pagedown")
        assert "plan 3f9a2c" in seat.reads("said")
        assert "more below" not in asks.text


def test_a_warning_warns_to_its_last_word() -> None:
    lines = ("1. ttl", "     a 1 → 2", f"! {'word ' * 30}", "     ends in 2h")
    dialog = PlanDialog(Prepared("x", lines, 1, None), float)
    tones = [row.line[0].tone for row in dialog.rows(60)]
    assert tones == [Tone.STRONG, Tone.PLAIN, *[Tone.WARN] * 3, Tone.DIM]


async def test_two_keys_at_once_open_one_dialog(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:

        def open_screens() -> list[str]:
            return [type(each).__name__ for each in seat.app.screen_stack]

        for what in ("act", "help", "act", "leave"):
            seat.app.desk.post_message(Desk.Wanted(what))
        await seat.pilot.pause()
        assert open_screens() == ["Desk", "Menu"]
        await seat.press("escape", "question_mark")
        assert open_screens() == ["Desk", "Help"]


async def test_a_run_is_not_lost_by_a_key_pressed_while_it_is_started(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        seat.engine.hold.clear()
        await approve(seat)
        seat.clock.ahead(0.5)
        await seat.press("Y")
        await seat.press("exclamation_mark")
        seat.engine.hold.set()
        await seat.pilot.pause()
        assert seat.app.conduct.running
        assert seat.engine.started == ["viral-spike"]


async def test_a_session_that_cannot_open_ends_the_console_with_one_reason(calm: Topology) -> None:
    def barred(changed: Callable[[Topology], None]) -> StillSession:
        raise CannotOpen("the estate did not start: no space")

    app = SeawallApp(environment(calm), StillClock(0.0), barred)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
    assert str(app.failure) == "the estate did not start: no space"
    assert app.return_code == 1


async def test_production_is_confirmed_by_its_name(viral: Topology) -> None:
    async with seated(viral, armed=True, production=True) as seat:
        assert " RO " in seat.reads("header")  # armed in the config is not taken for production
        await seat.press("A")
        await approve(seat)
        seat.clock.ahead(0.5)
        await seat.press("Y", "enter")
        assert seat.engine.started == []
        await seat.press("backspace", *"prod-eu", "enter")
        assert seat.engine.started == ["viral-spike"]


async def test_disarming_while_a_plan_is_read_refuses_it(viral: Topology) -> None:
    async with seated(viral) as seat:
        await seat.press("A")
        await approve(seat)
        seat.clock.ahead(1000)
        seat.app.refresh_now()
        await seat.press("Y")
        assert seat.engine.started == []
        assert "disarmed meanwhile" in seat.reads("footer")


async def test_a_bad_parameter_is_said_where_it_can_be_mended(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        await seat.press("exclamation_mark", "v", "ctrl+u", *"500", "enter")
        assert "min_replicas: 500 is above 100" in seat.whole
        await seat.press("ctrl+u", *"50", "enter")
        assert "Y makes 4 changes" in seat.whole


async def test_x_asks_the_runner_to_stop_and_one_run_goes_at_a_time(viral: Topology) -> None:
    async with seated(viral, armed=True) as seat:
        await approve(seat)
        seat.clock.ahead(0.5)
        await seat.press("Y")
        await seat.press("exclamation_mark")
        assert "one run at a time" in seat.reads("footer")
        await seat.press("x")
        assert len(seat.engine.stopped) == 1


async def test_leaving_asks_first(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("q")
        assert "Nothing is running" in seat.whole
        await seat.press("escape")
        assert isinstance(seat.app.screen, Desk)
        await seat.press("ctrl+c", "ctrl+c")
        assert seat.app.return_value == 0


async def test_help_shows_what_works_here_now(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("question_mark")
        assert "read-only: press A first" in seat.whole
        await seat.press("f")
        assert isinstance(seat.app.screen, Desk)


async def test_reading_now_asks_every_source(calm: Topology) -> None:
    async with seated(calm) as seat:
        await seat.press("ctrl+r")
        await seat.pilot.pause()
        assert isinstance(seat.app.inquiry.session, StillSession)
        assert seat.app.inquiry.session.reads == 1


async def test_hostile_names_reach_the_screen_as_text() -> None:
    async with seated(estates.hostile(), WIDE) as seat:
        for keys in ("1", "3", "5"):
            await seat.press(keys)
            assert not set(seat.whole) & set("\x1b\x07\x9b\u202e")
        await seat.press("1", "enter")
        assert "␛" in seat.whole


@pytest.mark.parametrize("size", [(59, 24), (80, 14)])
async def test_too_small_says_what_it_needs(calm: Topology, size: tuple[int, int]) -> None:
    async with seated(calm, size) as seat:
        assert "60x15 is the least" in seat.reads("view")


async def test_the_least_size_works(calm: Topology) -> None:
    async with seated(calm, (60, 15)) as seat:
        assert "payments" in seat.reads("view")
        assert "Z" in seat.reads("header")
