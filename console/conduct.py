"""How the operator acts: armed or not, menu → parameters → plan → yes → run, and undo as a plan like any other.

Each way through is one coroutine that reads from top to bottom; the dialogs are its questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from textual.app import App

from connectors import Clock
from console.acting import Acting, Offer, Prepared, Progress, Refused
from console.model.topology import Topology
from panels.dialogs import Help, Leave, Menu, Parameters
from panels.plan import PlanDialog

if TYPE_CHECKING:
    from console.config import Environment

ARMED_FOR = 900.0  # wall seconds, by ``A``


class Conduct:
    """One a console. ``say`` puts one line in front of the operator; ``topology`` is the one on the screen."""

    def __init__(
        self,
        app: App[int],
        environment: Environment,
        clock: Clock,
        say: Callable[[str], None],
        topology: Callable[[], Topology],
        *,
        own_estate: bool,
        ascii: bool,
    ) -> None:
        self.acting: Acting | None = None  # None until the first frame has been drawn
        self.armed = environment.armed and not environment.production
        self.armed_until: float | None = None
        self.progress: Progress | None = None
        self._app = app
        self._environment = environment
        self._clock = clock
        self._say = say
        self._topology = topology
        self._own_estate = own_estate  # it is simulated, and ends with the screen
        self._ascii = ascii
        self._offered: tuple[Topology | None, tuple[Offer, ...]] = (None, ())

    @property
    def running(self) -> bool:
        return self.progress is not None and self.progress.code is None

    def offers(self) -> tuple[Offer, ...]:
        """The playbooks, judged once a topology."""
        topology = self._topology()
        if self.acting is not None and self._offered[0] is not topology:
            self._offered = (topology, self.acting.offers(topology))
        return self._offered[1]

    def arm(self) -> None:
        """Armed for a while, or back to read-only."""
        self.armed = not self.armed
        self.armed_until = self._clock.wall() + ARMED_FOR if self.armed else None

    def tick(self) -> None:
        """Disarms at the end of the time, and reads what the run has written by now."""
        if self.armed_until is not None and self._clock.wall() >= self.armed_until:
            self.armed, self.armed_until = False, None
        if self.acting is not None and self.progress is not None and self.running:
            self.progress = self.acting.progress(self.progress.run)

    async def act(self, name: str = "") -> None:
        """From the menu, or from the playbook called ``name``, to a run."""
        acting = self._ready("!")
        if acting is None:
            return
        offer = next((each for each in self.offers() if each.name == name), None)
        if offer is None:
            offer = await self._app.push_screen_wait(Menu(self.offers(), ascii=self._ascii))
        if offer is not None and (prepared := await self._parameters(acting, offer)) is not None:
            await self._approve(acting, prepared)

    async def undo(self) -> None:
        """The last run taken back: a plan to approve, like any other."""
        acting = self._ready("z")
        if acting is None:
            return
        try:
            prepared = acting.prepare_undo(self._topology())
        except Refused as refusal:
            self._say(str(refusal))
            return
        await self._approve(acting, prepared)

    async def help(self) -> None:
        await self._app.push_screen_wait(
            Help(armed=self.armed, running=self.running, own_estate=self._own_estate, ascii=self._ascii)
        )

    async def leave(self) -> None:
        """Asks first, and says what becomes of a run."""
        asked = Leave(running=self.running, own_estate=self._own_estate, ascii=self._ascii)
        if await self._app.push_screen_wait(asked):
            self._app.exit(0)

    def stop(self) -> None:
        if self.acting is None or self.progress is None or not self.running:
            self._say("x stops a run; none is shown")
            return
        self.acting.stop(self.progress.run)
        self._say("asked the runner to stop; it finishes the write it is in")

    def close_run(self) -> None:
        """Puts the run that ended away; one that goes on stays in sight."""
        if self.running:
            self._say("the run goes on: x stops it")
        else:
            self.progress = None

    def _ready(self, key: str) -> Acting | None:
        """The engine, when acting is possible now; otherwise says why it is not."""
        if not self.armed:
            self._say(f"{key} is for armed consoles: press A")
        elif self.running:
            self._say("one run at a time: x stops the one that is shown")
        elif self.acting is None:
            self._say("the playbooks are not open yet")
        else:
            return self.acting
        return None

    async def _parameters(self, acting: Acting, offer: Offer) -> Prepared | None:
        """Asks until the parameters make a plan, or the operator leaves."""
        given: Mapping[str, str] = {}
        error = ""
        while True:
            if offer.parameters:
                answer = await self._app.push_screen_wait(Parameters(offer, given, error, ascii=self._ascii))
                if answer is None:
                    return None
                given = answer
            try:
                return acting.prepare(offer.name, given, self._topology())
            except Refused as refusal:
                error = str(refusal)
            if not offer.parameters:
                self._say(error)
                return None

    async def _approve(self, acting: Acting, prepared: Prepared) -> None:
        name = self._environment.name if self._environment.production else ""
        dialog = PlanDialog(prepared, self._clock.monotonic, name, ascii=self._ascii)
        if not await self._app.push_screen_wait(dialog):
            return
        if not self.armed:
            self._say("disarmed meanwhile: nothing was done; press A")
            return
        try:
            run = await acting.start(prepared)
        except Refused as refusal:
            self._say(str(refusal))
            return
        self.progress = acting.progress(run)
