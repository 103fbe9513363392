"""``make screenshot``: the README's picture, taken from the demo itself by Textual's SVG export.

Opens the simulated shop at three times the speed, waits until the spike has hurt it, and saves what the
screen shows. Nothing in the picture is made up.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from console.app import SeawallApp
from console.clock import SystemClock
from console.config import Environment, load
from console.engine import Engine
from console.session import Session
from panels.lines import Lines

SPEED = 3.0
SIZE = (132, 34)
MOMENT = 345.0  # simulated seconds: the spike has been everywhere, and the columns of its history are full
TELLING = ("suggests", "pressure starts at", "CRIT")  # what must be on the screen by then
PICTURE = Path(__file__).with_name("screen.svg")


async def picture(environment: Environment) -> str:
    """The screen at the moment, as SVG."""
    clock = SystemClock(environment.speed)
    start = clock.now()
    app = SeawallApp(environment, clock, partial(Session, environment, clock), partial(Engine, environment))
    async with app.run_test(size=SIZE) as pilot:
        while clock.now() - start < MOMENT:
            await pilot.pause(0.2)
        await pilot.press("g", *"jjjj")  # the api's line, so that the detail pane has something to tell
        await pilot.pause(1.0)
        seen = "\n".join(lines.text for lines in app.screen.query(Lines))
        if missing := [word for word in TELLING if word not in seen]:
            raise SystemExit(f"not the moment that the README tells of, without {', '.join(missing)}:\n{seen}")
        return app.export_screenshot(title="seawall demo")


def main() -> None:
    os.environ.setdefault("COLORTERM", "truecolor")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "seawall.toml"
        options = ["--scenario", "viral-spike", "--speed", str(SPEED), "--config-out", str(config)]
        command = [sys.executable, "-m", "connectors.simulator", "--until-stdin-ends", *options]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as estate:
            assert estate.stdin is not None
            assert estate.stdout is not None
            estate.stdout.readline()
            PICTURE.write_text(asyncio.run(picture(load(config))), encoding="utf-8")
            estate.stdin.close()
    sys.stderr.write(f"wrote {PICTURE.name}\n")


if __name__ == "__main__":
    main()
