"""The other architectures as a user meets them: their simulator, the console's report of it, a crisis, a playbook."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.architecture import ARCHITECTURES, DEFAULT
from playbooks.exits import Exit
from tests.playbooks.shop import patient

OTHERS = [name for name in ARCHITECTURES if name != DEFAULT]
SPEED = 10  # simulated seconds a second
SOON = 40.0  # wall seconds, on a busy machine


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator, and the config that it left."""

    process: subprocess.Popen[str]
    config: Path

    def verb(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "console.cli", "--config", str(self.config), *arguments]

    def done(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.verb(*arguments), capture_output=True, text=True, timeout=60, check=False)

    def tell(self, line: str) -> str:
        """What the simulator says to a line."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


@dataclass(frozen=True, slots=True)
class Report:
    """What the console says of the estate; of this machine it is not asked."""

    components: dict[str, Any]
    pressure: str | None

    def unwell(self) -> list[str]:
        return [alias for alias, each in self.components.items() if each["health"] != "ok"]

    def unknown(self) -> list[tuple[str, str]]:
        return [
            (alias, name)
            for alias, each in self.components.items()
            for name, reading in each["signals"].items()
            if reading["value"] is None
        ]


@contextmanager
def running(estate: str, folder: Path) -> Iterator[Running]:
    config = folder / "seawall.toml"
    command = [sys.executable, "-m", "connectors.simulator", "--scenario", "calm", "--estate", estate]
    command += ["--speed", str(SPEED), "--config-out", str(config), "--until-stdin-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            assert process.stdout.readline().startswith("ready ")
            config.write_text(patient(config.read_text()))
            yield Running(process, config)
        finally:
            process.stdin.close()
            process.wait(10)


@contextmanager
def watched(estate: Running) -> Iterator[Iterator[Report]]:
    """The console's reports, one an interval."""
    with subprocess.Popen(estate.verb("status", "--watch", "--json"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield map(report_of, process.stdout)
        finally:
            process.terminate()


def report_of(line: str) -> Report:
    told = json.loads(line)
    components = {each["alias"]: each for each in told["components"] if each["alias"] != "console"}
    return Report(components, (told["pressure"] or {}).get("alias"))


def until(holds: Callable[[Report], bool], reports: Iterator[Report]) -> Report:
    """The first report of which it holds."""
    ends = time.monotonic() + SOON
    for report in reports:
        if holds(report):
            return report
        assert time.monotonic() < ends, (report.unwell(), report.unknown(), report.pressure)
    raise AssertionError("the console has ended")


@pytest.mark.parametrize("estate", OTHERS)
def test_every_line_is_known_and_the_alarm_leads_to_the_database_that_is_down(estate: str, tmp_path: Path) -> None:
    with running(estate, tmp_path) as opened, watched(opened) as reports:
        calm = until(lambda report: not report.unknown(), reports)
        assert (calm.unwell(), calm.pressure) == ([], None)
        opened.tell("crisis database-down")
        down = until(lambda report: report.pressure is not None, reports)
        assert down.pressure == "database"
        found = [each for each in down.components.values() if each["layer"] == "database"]
        assert [each["health"] for each in found] == ["crit", *["ok"] * (len(found) - 1)]
        assert found[0]["signals"]["up"]["value"] == 0


def test_playbooks_are_planned_run_and_taken_back_elsewhere_too(tmp_path: Path) -> None:
    with running("ride", tmp_path) as opened:
        planned = opened.done("playbook", "plan", "viral-spike", "--json")
        assert planned.returncode == Exit.CHANGES, planned.stderr
        assert all(step["changes"] for step in json.loads(planned.stdout)["steps"])
        ran = opened.done("playbook", "run", "read-only", "--yes", "--json")
        assert ran.returncode == Exit.OK, ran.stderr
        undone = opened.done("playbook", "undo", json.loads(ran.stdout)["run"], "--yes")
        assert undone.returncode == Exit.OK, undone.stderr
