"""A line of the topology as it was: the same signals some time ago, by those of its sources that keep the past."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from connectors import Clock, Connector, Remembering
from console.model.component import ComponentId, source_of
from console.model.derive import join, readings_of
from console.model.layout import Layout
from console.model.rates import Tallies
from console.model.reading import Reading
from console.model.snapshot import FailureKind, Observed, Unreachable

PATIENCE = 20.0  # wall seconds; more than any connector's own deadlines


async def ghost_of(
    alias: str, back: float, layout: Layout, connectors: Mapping[str, Connector], clock: Clock
) -> Mapping[str, Reading] | Unreachable:
    """Every reading of the line ``back`` estate seconds ago; why not, where none of its sources can say.

    Counters have no rate there: one look at the past is one sample. On demand only, never part of a reading.
    """
    placement = next((each for each in layout.placements if each.alias == alias), None)
    ids = () if placement is None else placement.ids
    asked: list[tuple[ComponentId, Remembering]] = []
    for component in ids:
        connector = connectors.get(source_of(component))
        if isinstance(connector, Remembering):
            asked.append((component, connector))
    if not asked:
        reason = f"no source of {alias} keeps the past" if ids else f"there is no line {alias}"
        return Unreachable(alias, clock.now(), FailureKind.NOT_FOUND, reason)
    try:
        async with asyncio.timeout(PATIENCE):
            seen = await asyncio.gather(*(connector.ghost(component, back) for component, connector in asked))
    except TimeoutError:
        return Unreachable(alias, clock.now(), FailureKind.TIMED_OUT, f"no answer within {PATIENCE:g}s")
    failed = [each for each in seen if isinstance(each, Unreachable)]
    if len(failed) == len(seen):
        return failed[0]
    told = [one for each in seen if not isinstance(each, Unreachable) for one in each.components]
    return join(_readings(one) for one in told)


def _readings(observed: Observed) -> dict[str, Reading]:
    return {
        name: reading
        for name, reading in readings_of(observed, Tallies()).items()
        if reading.note != "needs two readings"
    }
