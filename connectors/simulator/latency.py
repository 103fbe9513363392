"""How long requests take, as quantiles: over those that the fronts served, whatever became of them.

Refusals take no time and would flatter the quantiles just when most is refused, so they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from connectors.simulator.flows import Passage
from connectors.simulator.queueing import share_within

QUANTILES = (0.5, 0.95, 0.99)
STEPS = 24  # halvings: to a ten-millionth of the gateway's timeout


def quantiles(passages: Sequence[Passage], timeout: float) -> dict[str, float]:
    """Seconds under which a share of the served requests stays, by name; who was given up on took the ``timeout``."""
    served = tuple(passage for passage in passages if passage.served.served > 0)
    return {f"latency.p{quantile * 100:.0f}": _quantile(served, quantile, timeout) for quantile in QUANTILES}


def _quantile(served: Sequence[Passage], quantile: float, timeout: float) -> float:
    total = sum(passage.served.served for passage in served)
    if total <= 0:
        return 0.0
    if len(served) == 1:  # the inverse of ``share_within``
        wait, residence = served[0].served.wait, served[0].demand.work.residence
        return min(wait - residence * log(1 - quantile), timeout)
    low, high = 0.0, timeout
    for _ in range(STEPS):
        middle = (low + high) / 2
        if sum(within(passage, middle, timeout) for passage in served) < quantile * total:
            low = middle
        else:
            high = middle
    return high


def within(passage: Passage, bound: float, timeout: float) -> float:
    """Served requests of a front that took at most ``bound`` seconds."""
    share = share_within(bound, passage.served.wait, passage.demand.work.residence) if bound < timeout else 1.0
    return passage.served.served * share
