"""``python -m docs.crises``: what each crisis costs without and with its remedies, written to docs/crises.md.

Every number comes from the traffic model played through without wires; ``python -m docs.crises ride`` prints the same
table for another architecture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.simulator.architecture import DEFAULT, architecture_named
from connectors.simulator.played import LASTS, play
from connectors.simulator.scenarios import DEFAULT as CALM
from connectors.simulator.scenarios import FAULT, SCENARIOS, Move, Scenario

PAGE = Path(__file__).with_name("crises.md")
WORST = 30  # seconds that the worst mean is taken over

INTRODUCTION = """\
# The crises

Made by `python -m docs.crises`; do not edit. Each crisis is played through on the simulated {title}, seed 0, once left
alone, once with what its file in `connectors/simulator/crises/` says that an expert does, and once with what looks
right and is not. Means are over the {minutes} minutes after the fault, the worst is that of any {worst} seconds. *All*
counts what users asked for, the CDN's hits included, which flatter it; *origin* what got past the CDN. A 429 is neither
a success nor a failure. p95 is the mean of each second's, over the requests that were served, and so is its worst. Lag
is that of the first topic at the end.

The constants of the model are plausible, not calibrated on any system: read the shapes, not the digits.

"""
HEADER = """\
| crisis | done | all: mean | worst | origin: mean | worst | p95 | worst | lag |
|---|---|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one way to meet a crisis."""

    success: float  # the mean
    success_worst: float
    origin: float
    origin_worst: float
    p95: float  # seconds
    p95_worst: float
    lag: float  # messages


def result(scenario: Scenario, moves: Iterable[Move], architecture: str = DEFAULT) -> Result:
    """Plays it through and measures."""
    ticks = [tick for tick in play(scenario, moves, architecture) if tick.t >= FAULT]
    success, origin = [tick.success for tick in ticks], [tick.success_origin for tick in ticks]
    p95 = [tick.gauges["latency.p95"] for tick in ticks]
    topic = architecture_named(architecture).consumed[0].name
    return Result(
        _mean(success),
        min(_windows(success)),
        _mean(origin),
        min(_windows(origin)),
        _mean(p95),
        max(_windows(p95)),
        ticks[-1].gauges[f"{topic}.lag"],
    )


def ways(scenario: Scenario) -> tuple[tuple[str, tuple[Move, ...]], ...]:
    """How it can be met: a word for it, and the moves."""
    wrong = (("wrong", scenario.wrong.moves),) if scenario.wrong else ()
    helped = (("remedies", scenario.moves),) if scenario.moves else ()
    return (("nothing", ()), *helped, *wrong)


def rows(scenario: Scenario, architecture: str = DEFAULT) -> list[str]:
    """The scenario's lines of the table."""
    return [row(scenario, way, result(scenario, moves, architecture)) for way, moves in ways(scenario)]


def row(scenario: Scenario, way: str, found: Result) -> str:
    """One line of the table."""
    shares = (found.success, found.success_worst, found.origin, found.origin_worst)
    percent = " | ".join(f"{share * 100:.1f} %" for share in shares)
    name = f"`{scenario.name}`" if way == "nothing" else ""
    slow = " | ".join(f"{seconds * 1000:.0f} ms" for seconds in (found.p95, found.p95_worst))
    return f"| {name} | {way} | {percent} | {slow} | {found.lag:,.0f} |"


def page(lines: Iterable[str]) -> str:
    """The whole page around the table's lines."""
    title = architecture_named(DEFAULT).title.removeprefix("The ")
    head = INTRODUCTION.format(title=title, minutes=LASTS // 60, worst=WORST)
    told = (_told(scenario) for scenario in SCENARIOS.values() if scenario.name != CALM)
    return head + HEADER + "\n".join(lines) + "\n\n" + "\n".join(told)


def _told(scenario: Scenario) -> str:
    wrong = f"- Looks right and is not: {scenario.wrong.what}.\n" if scenario.wrong else ""
    return (
        f"## {scenario.title}\n\n`seawall demo {scenario.name}`. {scenario.story}\n\n- Look at: {scenario.look}.\n"
        f"- Helps: {scenario.helps}.\n- Costs: {scenario.costs}.\n{wrong}"
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _windows(values: Sequence[float]) -> list[float]:
    """The mean of every ``WORST`` seconds on end."""
    return [_mean(values[start : start + WORST]) for start in range(len(values) - WORST + 1)]


def main(arguments: Sequence[str]) -> None:
    """Writes the page, or prints the table of the architecture that is named."""
    if arguments:
        sys.stdout.write(HEADER)
        for scenario in SCENARIOS.values():
            sys.stdout.write("\n".join(rows(scenario, arguments[0])) + "\n")
        return
    PAGE.write_text(page([line for scenario in SCENARIOS.values() for line in rows(scenario)]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
