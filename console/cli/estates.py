"""What can be simulated, by name: scenarios and estates, for the verbs that take them.

The lists come from the simulator's data, which is read only where a name is looked at.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

WIDTH = 100  # of the list's lines


def check(scenario: str, estate: str, speed: float) -> None:
    """BadParameter where there is no such scenario, estate or speed."""
    from connectors.simulator.architecture import ARCHITECTURES
    from connectors.simulator.clock import FASTEST
    from connectors.simulator.scenarios import SCENARIOS

    if scenario not in SCENARIOS:
        raise click.BadParameter(f"{scenario!r} is not one of {', '.join(SCENARIOS)}", param_hint="SCENARIO")
    if estate not in ARCHITECTURES:
        raise click.BadParameter(f"{estate!r} is not one of {', '.join(ARCHITECTURES)}", param_hint="--estate")
    if not 0 < speed <= FASTEST:
        raise click.BadParameter(f"expected more than 0 and at most {FASTEST:g}", param_hint="--speed")


def listed() -> Iterator[str]:
    """Every scenario and every estate, told in a few lines each."""
    from connectors.simulator.architecture import ARCHITECTURES, architecture_named
    from connectors.simulator.scenarios import SCENARIOS

    for scenario in SCENARIOS.values():
        yield f"{scenario.name:<20}{scenario.title}"
        for heading, text in (
            ("", scenario.story),
            ("look at", scenario.look),
            ("helps", scenario.helps),
            ("costs", scenario.costs),
        ):
            yield from _told(heading, text)
    yield ""
    yield "Estates (--estate):"
    for name in ARCHITECTURES:
        estate = architecture_named(name)
        yield f"{name:<20}{estate.title}"
        yield from _told("", estate.story)


def _told(heading: str, text: str) -> list[str]:
    first = f"{'':4}{heading:<16}"
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * 20, break_on_hyphens=False)


def crises(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes a scenario's name."""
    from connectors.simulator.scenarios import SCENARIOS

    return [CompletionItem(name, help=each.title) for name, each in SCENARIOS.items() if name.startswith(incomplete)]


def estates(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes an estate's name."""
    from connectors.simulator.architecture import ARCHITECTURES

    return [CompletionItem(name) for name in ARCHITECTURES if name.startswith(incomplete)]
