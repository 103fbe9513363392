"""What can be told to a running estate, a line each: how fast its time runs, and what goes wrong in it.

The same lines come from a person at ``seawall simulate``, from a script's pipe and from the demo's keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.simulator.clock import FASTEST
from connectors.simulator.estate import Estate
from connectors.simulator.scenarios import SCENARIOS, scenario_named

LONGEST = 200  # characters of a line that are looked at


class BadCommand(ValueError):
    """The line says nothing that the estate could do. The message says what it could."""


@dataclass(frozen=True, slots=True)
class Command:
    """``usage`` shows its arguments; ``obey`` does it and answers in one line, or raises ValueError."""

    name: str
    usage: str
    words: str
    obey: Callable[[Estate, tuple[str, ...]], str]


def obey(estate: Estate, line: str) -> str:
    """Does what the line says; the answer in one line, "" for an empty one. Raises BadCommand."""
    name, *arguments = line[:LONGEST].split() or [""]
    if not name:
        return ""
    command = COMMANDS.get(name)
    if command is None:
        raise BadCommand(f"{name!r} is no command: {', '.join(COMMANDS)}")
    wanted = command.usage.split()
    if len(arguments) != len(wanted):
        raise BadCommand(f"expected: {name} {command.usage}".rstrip())
    try:
        return command.obey(estate, tuple(arguments))
    except ValueError as error:
        raise BadCommand(f"{name}: {error}") from error


def _speed(estate: Estate, arguments: tuple[str, ...]) -> str:
    estate.clock.speed = speed_of(arguments[0])
    return _time(estate, ())


def speed_of(text: str) -> float:
    """Simulated seconds a wall second; ValueError where there is no such speed."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise ValueError(f"{text!r} is no number above 0 and at most {FASTEST:g}")
    return speed


def _pause(estate: Estate, _: tuple[str, ...]) -> str:
    estate.clock.pause()
    return _time(estate, ())


def _resume(estate: Estate, _: tuple[str, ...]) -> str:
    estate.clock.resume()
    return _time(estate, ())


def _seed(estate: Estate, arguments: tuple[str, ...]) -> str:
    try:
        seed = int(arguments[0])
    except ValueError:
        raise ValueError(f"{arguments[0]!r} is no whole number") from None
    estate.reseed(seed)
    return f"seed {seed}"


def _crisis(estate: Estate, arguments: tuple[str, ...]) -> str:
    estate.begin(scenario_named(arguments[0]))
    return f"crisis {arguments[0]}: {SCENARIOS[arguments[0]].title}"


def _time(estate: Estate, _: tuple[str, ...]) -> str:
    way = "paused" if estate.clock.paused else f"speed {estate.clock.speed:g}"
    success = f"success {estate.tick.success:.3f}, {estate.tick.success_origin:.3f} of what reached the gateway"
    return f"second {estate.tick.t}, {way}, {estate.scenario.name}, {success}"


def _help(_: Estate, __: tuple[str, ...]) -> str:
    return "\n".join(f"{command.name} {command.usage}".ljust(20) + command.words for command in COMMANDS.values())


COMMANDS = {
    command.name: command
    for command in (
        Command("speed", "NUMBER", f"simulated seconds a second, at most {FASTEST:g}", _speed),
        Command("pause", "", "time stands still", _pause),
        Command("resume", "", "time goes on", _resume),
        Command("seed", "NUMBER", "other noise from here on", _seed),
        Command("crisis", "NAME", "begins now; `crisis calm` ends what was", _crisis),
        Command("time", "", "the second, the speed, the crisis and how it goes", _time),
        Command("help", "", "these lines", _help),
    )
}
