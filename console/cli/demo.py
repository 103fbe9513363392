"""``seawall demo``: the simulated estate as a child process, and the console on it.

The screen does not wait for the estate. It draws the shop's layers, unknown as yet, and only then starts the child,
which takes a second or two for its ten minutes of history; the session opens when the child says that it is ready.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.estates import check, crises, estates, listed
from console.cli.invocation import Invocation
from console.inquiry import CannotOpen
from console.model.component import ComponentId, source_of
from console.model.snapshot import Detail, FailureKind, Unreachable

if TYPE_CHECKING:
    from connectors import Clock
    from console.config import Environment
    from console.model.topology import Topology
    from console.session import Session

CONFIG = "seawall.toml"
PARTINGS = 100  # looks, a twentieth of a second apart, at whether the runs have ended
STARTING = "the simulated estate is still starting"
GONE = "the simulated estate has ended"
PATIENCE = 60.0  # seconds for the estate to be ready, on the slowest of machines


@click.command()
@click.argument("scenario", default="viral-spike", shell_complete=crises)
@click.option("--list", "listing", is_flag=True, help="Print the scenarios and the estates, and what each is about.")
@click.option("--estate", default="shop", show_default=True, shell_complete=estates, help="Which system to simulate.")
@click.option("--seed", default=0, show_default=True, help="The same seed and the same actions give the same numbers.")
@click.option("--speed", default=4.0, show_default=True, help="Simulated seconds per second; 1 is real time.")
@click.pass_obj
def demo(invocation: Invocation, scenario: str, listing: bool, estate: str, seed: int, speed: float) -> None:
    """Open the console on a simulated estate in a crisis.

    A simulated minute in, the trouble starts. Watch it, then press ! and a playbook's letter, read the plan, and
    approve it with Y. z takes it back. < and > change how fast time runs, = holds it. Everything runs on this machine
    and ends with the screen.
    """
    if listing:
        for line in listed():
            click.echo(line)
        return
    check(scenario, estate, speed)
    with tempfile.TemporaryDirectory(prefix="seawall-demo-", ignore_cleanup_errors=True) as folder:
        sys.exit(_run(invocation, Path(folder), Wanted(scenario, estate, seed, speed)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown."""

    scenario: str
    estate: str
    seed: int
    speed: float


def _run(invocation: Invocation, folder: Path, wanted: Wanted) -> int:
    """The exit code. The child ends with this process, however that ends: its standard input is our pipe."""
    from console.cli.screen import show
    from console.config import load

    _preview(folder, wanted)  # the child puts the real one in its place, addresses and all
    with ExitStack() as ending:

        def start() -> subprocess.Popen[bytes]:
            child = _start(folder, wanted)
            ending.callback(_end, child)
            return child

        environment = load(folder / CONFIG)
        try:
            return show(environment, invocation, partial(Arriving, start))
        finally:
            _stop_runs(environment.state)


def _start(folder: Path, wanted: Wanted) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "connectors.simulator", "--until-stdin-ends"]
    command += ["--scenario", wanted.scenario, "--estate", wanted.estate, "--seed", str(wanted.seed)]
    command += ["--speed", str(wanted.speed), "--config-out", str(folder / CONFIG)]
    with (folder / "simulator.log").open("wb") as log:
        # A session of its own: Ctrl-C at the terminal is the screen's to answer.
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )


def _preview(folder: Path, wanted: Wanted) -> None:
    from connectors.simulator.architecture import architecture_named
    from connectors.simulator.estate_config import preview

    (folder / CONFIG).write_text(preview(architecture_named(wanted.estate), folder, wanted.speed), encoding="utf-8")


def _stop_runs(state: Path) -> None:
    """The estate ends with the screen: a run that is at work on it is let finish its write, and no more."""
    from playbooks.journal import being_written, path_of, runs
    from playbooks.launch import stop_file

    at_work = [path for run in runs(state) if being_written(path := path_of(state, run))]
    for journal in at_work:
        stop_file(journal).touch(mode=0o600)
    for _ in range(PARTINGS):
        if not any(map(being_written, at_work)):
            return
        time.sleep(0.05)


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Arriving:
    """A session on an estate that is still starting; from then on the ordinary one."""

    def __init__(
        self,
        start_estate: Callable[[], subprocess.Popen[bytes]],
        preview: Environment,
        clock: Clock,
        changed: Callable[[Topology], None],
    ) -> None:
        self._start_estate, self._config, self._clock, self._changed = start_estate, preview.path, clock, changed
        self._session: Session | None = None
        self._line: Line | None = None

    async def start(self) -> None:
        from console.config import load
        from console.session import Session

        self._line = await Line.to(self._start_estate())
        await _ready(self._line, self._config.with_name("simulator.log"))
        self._session = Session(load(self._config), self._clock, self._changed)
        await self._session.start()

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.stop()

    async def read_now(self) -> None:
        if self._session is not None:
            await self._session.read_now()

    async def tell(self, line: str) -> str:
        if self._session is None or self._line is None:
            return STARTING
        return await self._line.tell(line)

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        if self._session is None:
            return Unreachable(source_of(component), self._clock.now(), FailureKind.REFUSED, STARTING)
        return await self._session.inspect(component)


class Line:
    """The child's standard input and output: a line there, and the line that answers it."""

    def __init__(self, child: subprocess.Popen[bytes], answers: asyncio.StreamReader) -> None:
        self._child = child
        self._answers = answers
        self._free = asyncio.Lock()

    @classmethod
    async def to(cls, child: subprocess.Popen[bytes]) -> Line:
        """Without a thread that could outlive us."""
        answers = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), child.stdout)
        return cls(child, answers)

    async def heard(self) -> str:
        """The next line; "" when the child has ended. Raises TimeoutError."""
        return (await asyncio.wait_for(self._answers.readline(), PATIENCE)).decode("utf-8", "replace").rstrip()

    async def tell(self, line: str) -> str:
        """One line and its answer; what became of it instead, where there is none."""
        assert self._child.stdin is not None
        async with self._free:
            try:
                os.write(self._child.stdin.fileno(), f"{line}\n".encode())  # short: a pipe takes it whole
                return await self.heard() or GONE
            except (OSError, TimeoutError):
                return GONE


async def _ready(line: Line, log: Path) -> None:
    """Waits for the child's first line."""
    try:
        said = await line.heard()
    except TimeoutError:
        raise CannotOpen(f"the simulated estate was not ready after {PATIENCE:.0f} seconds") from None
    if not said.startswith("ready"):
        raise CannotOpen(f"the simulated estate did not start: {_last_words(log)}")


def _last_words(log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return said[-1] if said else "it ended without a word"
