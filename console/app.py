"""The Textual App: opens the session after its first frame, holds the one topology, and hands scenes to the desk.

The first frame imports Textual and the model and nothing else of weight: a console that is opened in a crisis
shows the names of what it watches at once, all of it unknown, and fills in.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import Worker

from connectors import Clock
from console import terminal
from console.acting import Acting
from console.clock import clock_of
from console.conduct import Conduct
from console.config_error import ConfigError
from console.inquiry import CannotOpen, Inquiry, OpenSession, SessionLike
from console.model.observe import empty
from console.model.topology import Topology
from panels.desk import Desk
from panels.header import Station
from panels.scene import Scene

if TYPE_CHECKING:
    from console.config import Environment

TOGETHER = 0.3  # wall seconds in which the news of several sources become one frame
TICK = 1.0  # wall seconds between two looks at the clock
LATE = 1.5  # wall seconds without news after which the ages of the values are drawn again too
PACES: dict[str, Callable[[float, bool], str]] = {  # what to tell an estate that runs at a speed, or is paused
    "slower": lambda speed, paused: f"speed {max(speed / 2, 0.25):g}",
    "faster": lambda speed, paused: f"speed {min(speed * 2, 64):g}",
    "still": lambda speed, paused: "resume" if paused else "pause",
}
HUNG_UP = 128 + signal.SIGHUP  # the exit code of a console whose terminal has gone
RUN_TICK = 0.25  # wall seconds between two looks at the journal of a run


Opening = Callable[["Environment", Clock, Callable[[Topology], None]], SessionLike]


class SeawallApp(App[int], inherit_bindings=False):
    """``open_session`` and ``open_acting`` are called after the first frame: what they import takes time."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "seawall"

    topology: reactive[Topology | None] = reactive(None, init=False, repaint=False)

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        open_session: OpenSession,
        open_acting: Callable[[], Acting] | None = None,
        *,
        own_estate: bool = False,
        ascii: bool = False,
    ) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"  # before the app starts: later it is black on black under NO_COLOR
        self.animation_level = "none"
        self.environment = environment
        self.clock = clock
        self.failure: CannotOpen | ConfigError | None = None  # why it ended by itself
        self.opened = asyncio.Event()  # set once the session and the playbooks are there
        self.inquiry = Inquiry(open_session, self._say)
        self.conduct = Conduct(self, environment, clock, self._say, self._shown, own_estate=own_estate, ascii=ascii)
        self._open_acting = open_acting
        self._asking: Worker[None] | None = None
        self._drawing = False
        self._drawn = 0.0  # when all of it was, by the monotonic clock
        self._ascii = ascii
        self.set_reactive(SeawallApp.topology, empty(environment.layout))
        self.desk = Desk(self._scene(), self._station(), ascii=ascii)

    def get_default_screen(self) -> Screen[None]:
        return self.desk

    def on_mount(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit, 128 + number, 128 + number)
        self.set_interval(TICK, self._tick)
        self.set_interval(RUN_TICK, self._watch_run)
        self.call_after_refresh(self.run_worker, self._open(), group="session")

    async def on_unmount(self) -> None:
        await self.inquiry.close()

    def watch_topology(self) -> None:
        """News come one a source; those that come together are drawn together."""
        if not self._drawing:
            self._drawing = True
            self.set_timer(TOGETHER, self.refresh_now)

    async def on_desk_wanted(self, message: Desk.Wanted) -> None:
        """What browsing cannot do by itself."""
        chosen = message.key if self.desk.look.view == "playbooks" else ""
        asks: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "act": lambda: self.conduct.act(chosen),
            "undo": self.conduct.undo,
            "help": self.conduct.help,
            "leave": self.conduct.leave,
        }
        reads: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "describe": lambda: self.inquiry.describe(message.key, self._shown()),
            "read": self.inquiry.read_now,
            **{what: partial(self._pace, what) for what in PACES},
        }
        now: dict[str, Callable[[], object]] = {
            "arm": self.conduct.arm,
            "stop": self.conduct.stop,
            "close": self.conduct.close_run,
            "redraw": lambda: self.refresh(layout=True),
        }
        if message.what in asks:
            self._ask(asks[message.what])
        elif message.what in reads:
            self.run_worker(self._work(reads[message.what]()), group=message.what, exclusive=True)
        elif message.what in now:
            now[message.what]()
        self.refresh_now()

    async def _pace(self, what: str) -> None:
        """Changes how fast the estate's own time runs, where it has one."""
        await self.inquiry.tell(PACES[what](self.clock.speed, self.clock.paused))

    def _ask(self, way: Callable[[], Coroutine[None, None, None]]) -> None:
        """One way at a time: a second key can come before the first one's dialog, or while its run is being started."""
        if self._asking is None or self._asking.is_finished:
            self._asking = self.run_worker(self._work(way()), group="ask")

    async def _work(self, work: Coroutine[None, None, None]) -> None:
        """One way through the dialogs, and then the screen as it has become."""
        await work
        self.refresh_now()

    async def _open(self) -> None:
        """Imports the clients' connectors and the playbooks, off the first frame's path."""
        self._say("opening the sources …")
        try:
            await self.inquiry.open(lambda topology: setattr(self, "topology", topology))
        except (CannotOpen, ConfigError) as reason:
            self.failure = reason
            self.exit(1, 1)
            return
        if self._open_acting is not None:
            self.conduct.acting = self._open_acting()
            self._say("; ".join(self.conduct.acting.problems()))
        self.opened.set()

    def _shown(self) -> Topology:
        return self.topology or empty(self.environment.layout)

    def _say(self, notice: str) -> None:
        self.desk.say(notice)

    def _tick(self) -> None:
        if not self.is_headless and terminal.gone():
            self.exit(HUNG_UP, HUNG_UP)
        self.conduct.tick()
        if self.clock.monotonic() - self._drawn < LATE:
            self.desk.tick(self._scene(), self._station())
        else:
            self.refresh_now()

    def _watch_run(self) -> None:
        before = self.conduct.progress
        if self.conduct.running:
            self.conduct.tick()
        if self.conduct.progress != before:
            self.refresh_now()

    def refresh_now(self) -> None:
        """Hands the desk the state of things; it draws what differs from what is on the screen."""
        self._drawing = False
        self._drawn = self.clock.monotonic()
        self.conduct.tick()
        self.desk.see(self._scene(), self._station(), self.conduct.progress)

    def _scene(self) -> Scene:
        return Scene(
            self._shown(),
            now=self.clock.now(),
            wall=self.clock.wall(),
            offers=self.conduct.offers(),
            inspections=dict(self.inquiry.answers),
        )

    def _station(self) -> Station:
        return Station(
            self.environment.name,
            production=self.environment.production,
            armed=self.conduct.armed,
            armed_until=self.conduct.armed_until,
            speed=self.clock.speed,
            frozen=self.clock.paused,
        )


def run(environment: Environment, *, mouse: bool = False, ascii: bool = False, opening: Opening | None = None) -> int:
    """Open the screen until the operator leaves it; the exit code. Needs a terminal.

    ``opening`` makes the session where that is more than connecting to what is already there. ``CannotOpen``, or
    ``ConfigError`` where a connector cannot work as configured, is raised once the terminal has been given back.
    """
    app = console(environment, ascii=ascii, opening=opening)
    app.run(mouse=mouse)
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def console(environment: Environment, *, ascii: bool = False, opening: Opening | None = None) -> SeawallApp:
    """The app on what the environment names, with the real session and the real playbooks."""
    clock = clock_of(environment.speed, environment.pace)
    open_session = partial(opening or _session, environment, clock)
    open_acting = partial(_acting, environment)
    return SeawallApp(environment, clock, open_session, open_acting, own_estate=opening is not None, ascii=ascii)


def _session(environment: Environment, clock: Clock, changed: Callable[[Topology], None]) -> SessionLike:
    """Imported here, after the first frame: what reads the estate is most of the program."""
    from console.session import Session

    return Session(environment, clock, changed)


def _acting(environment: Environment) -> Acting:
    from console.engine import Engine
    from playbooks.library import own_directories

    return Engine(environment, own_directories())
