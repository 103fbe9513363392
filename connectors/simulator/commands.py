"""What can be told to a running estate, a line each: how fast its time runs, and what goes wrong in it.

The same lines come from a person at ``seawall simulate``, from a script's pipe and from the demo's keys.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from connectors.simulator.clock import FASTEST, speed_of
from connectors.simulator.estate import Estate
from connectors.simulator.kafka.brokers import BROKERS
from connectors.simulator.kubernetes.refusal import Refusal
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
    obey: Callable[[Estate, tuple[str, ...]], Awaitable[str]]


async def obey(estate: Estate, line: str) -> str:
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
        return await command.obey(estate, tuple(arguments))
    except ValueError as error:
        raise BadCommand(f"{name}: {error}") from error


async def _speed(estate: Estate, arguments: tuple[str, ...]) -> str:
    estate.clock.speed = speed_of(arguments[0])
    return await _time(estate, ())


async def _pause(estate: Estate, _: tuple[str, ...]) -> str:
    estate.clock.pause()
    return await _time(estate, ())


async def _resume(estate: Estate, _: tuple[str, ...]) -> str:
    estate.clock.resume()
    return await _time(estate, ())


async def _seed(estate: Estate, arguments: tuple[str, ...]) -> str:
    try:
        seed = int(arguments[0])
    except ValueError:
        raise ValueError(f"{arguments[0]!r} is no whole number") from None
    estate.reseed(seed)
    return f"seed {seed}"


async def _crisis(estate: Estate, arguments: tuple[str, ...]) -> str:
    estate.begin(scenario_named(arguments[0]))
    return f"crisis {arguments[0]}: {SCENARIOS[arguments[0]].title}"


async def _broker(estate: Estate, arguments: tuple[str, ...]) -> str:
    number, what = arguments
    known = {str(each): each for each in BROKERS}
    if number not in known:
        raise ValueError(f"{number!r} is none of the brokers {', '.join(known)}")
    ways = {"lose": estate.kafka.lose, "restore": estate.kafka.restore}
    if what not in ways:
        raise ValueError(f"{what!r} is none of {', '.join(ways)}")
    await ways[what](known[number])
    return f"broker {number}: {what}"


async def _redis(estate: Estate, arguments: tuple[str, ...]) -> str:
    losses = estate.redis.losses
    ways = {"lose": losses.lose_primary, "restore": losses.restore, "failover": losses.fail_over}
    way = ways.get(arguments[0])
    if way is None:
        raise ValueError(f"{arguments[0]!r} is none of {', '.join(ways)}")
    way()
    return f"redis: {arguments[0]}"


async def _node(estate: Estate, arguments: tuple[str, ...]) -> str:
    name, what = arguments
    ways = {"lose": estate.kubernetes.lose_node, "restore": estate.kubernetes.restore_node}
    if what not in ways:
        raise ValueError(f"{what!r} is none of {', '.join(ways)}")
    try:
        ways[what](name)
    except Refusal as refused:
        raise ValueError(str(refused)) from refused
    return f"node {name}: {what}"


async def _time(estate: Estate, _: tuple[str, ...]) -> str:
    way = "paused" if estate.clock.paused else f"speed {estate.clock.speed:g}"
    success = f"success {estate.tick.success:.3f}, {estate.tick.success_origin:.3f} of what reached the gateway"
    return f"second {estate.tick.t}, {way}, {estate.scenario.name}, {success}"


async def _help(_: Estate, __: tuple[str, ...]) -> str:
    return "\n".join(f"{command.name} {command.usage}".ljust(20) + command.words for command in COMMANDS.values())


COMMANDS = {
    command.name: command
    for command in (
        Command("speed", "NUMBER", f"simulated seconds a second, at most {FASTEST:g}", _speed),
        Command("pause", "", "time stands still", _pause),
        Command("resume", "", "time goes on", _resume),
        Command("seed", "NUMBER", "other noise from here on", _seed),
        Command("crisis", "NAME", "begins now; `crisis calm` ends what was", _crisis),
        Command("broker", "NUMBER WHAT", "lose or restore one of Kafka's brokers", _broker),
        Command("redis", "WHAT", "lose or restore its primary, or failover to a replica", _redis),
        Command("node", "NAME WHAT", "lose or restore one of the cluster's nodes", _node),
        Command("time", "", "the second, the speed, the crisis and how it goes", _time),
        Command("help", "", "these lines", _help),
    )
}
