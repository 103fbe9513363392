"""Kubernetes' quantities as numbers: ``100m`` is 0.1, ``1.5Gi`` is 1610612736, ``2e3`` is 2000.

The grammar is that of the API (k8s.io/apimachinery, resource.Quantity): a decimal number with a binary suffix, a
decimal suffix or an exponent. An add-on's object may have a bare number where the API's own kinds have text.
"""

from __future__ import annotations

import re

from connectors.kubernetes.objects import Amounts

_QUANTITY = re.compile(r"([+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}))(?:([eE][+-]?\d{1,2})|([KMGTPE]i|[numkMGTPE]))?")
_SUFFIX = {
    **{prefix: 10.0**power for prefix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)},
    **{f"{prefix}i": 1024.0**power for power, prefix in enumerate("KMGTPE", 1)},
}


def amount(quantity: object) -> float | None:
    """Cores, bytes or a count; None for what is no quantity, which is not 0."""
    if isinstance(quantity, bool):
        return None
    if isinstance(quantity, int | float):
        return float(quantity)
    found = _QUANTITY.fullmatch(quantity) if isinstance(quantity, str) else None
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    return float(number + exponent) if exponent else float(number) * _SUFFIX.get(suffix, 1.0)


def of(amounts: Amounts | None, resource: str) -> float | None:
    """The amount of one resource; None where it is not stated, or not as a quantity."""
    return amount((amounts or {}).get(resource))
