"""``python -m connectors.simulator``: the estate as a process of its own, ended by a signal or with its parent."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

from connectors.simulator.architecture import ARCHITECTURES, DEFAULT
from connectors.simulator.clock import speed_of
from connectors.simulator.listening import has_an_end
from connectors.simulator.scenarios import SCENARIOS


def main(arguments: list[str] | None = None) -> int:
    """0 when it was told to stop, 2 for a bad argument, 1 when a file or port cannot be had or makes no sense."""
    options = _options(arguments)
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError) as error:  # a file or port that cannot be had, options that no estate can have
        sys.stderr.write(f"seawall simulator: {error}\n")
        return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description=__doc__)
    parser.add_argument("--scenario", default="calm", choices=tuple(SCENARIOS))
    parser.add_argument("--estate", default=DEFAULT, choices=ARCHITECTURES)
    parser.add_argument("--with", dest="options", type=Path, help="a TOML file: how its servers differ from plain ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=_speed, default=1.0, help="simulated seconds a wall second")
    parser.add_argument("--config-out", type=Path, help="write a seawall.toml that points here")
    parser.add_argument("--env-out", type=Path, help="write shell exports for ordinary clients")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end with the process that started this one")
    options = parser.parse_args(arguments)
    if options.until_stdin_ends and not has_an_end(sys.stdin):
        parser.error("--until-stdin-ends: standard input is no pipe, socket or terminal")
    return options


def _speed(text: str) -> float:
    try:
        return speed_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _run(options: argparse.Namespace) -> None:
    # Loads every wire's library, which takes a second: not for a command line that is wrong.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)  # aiohttp reads them at import, and nothing here is a client
    gc.disable()  # until the estate is open: a quarter of that second would be looking for garbage
    from connectors.simulator.options import PLAIN, read_options
    from connectors.simulator.serve import Order, simulate

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    order = Order(
        scenario=options.scenario,
        architecture=options.estate,
        options=read_options(options.options) if options.options else PLAIN,
        seed=options.seed,
        speed=options.speed,
        config_out=options.config_out,
        env_out=options.env_out,
        until_stdin_ends=options.until_stdin_ends,
    )
    await simulate(order, _announce, stop)


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
