"""Kubernetes quantities: CPU in thousandths of a core, everything else in plain units, and back to text."""

from __future__ import annotations

import math
from functools import lru_cache

from connectors.simulator.kubernetes.objects import Object, dig

_UNITS = {
    "m": 1e-3,
    "": 1.0,
    "k": 10.0**3,
    "M": 10.0**6,
    "G": 10.0**9,
    "T": 10.0**12,
    "P": 10.0**15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}
NAN = float("nan")


def amount(quantity: object) -> float:
    """A quantity as a number: "250m" is 0.25, "1Gi" is 2**30, "2" is 2; NaN for what is none."""
    return _amount(str(quantity))


@lru_cache(maxsize=1024)  # thousands of pods ask for the same few
def _amount(text: str) -> float:
    digits = text.rstrip("kKMGTPim")
    number = digits.removeprefix("-").replace(".", "", 1)
    unit = _UNITS.get(text[len(digits) :])
    return float(digits) * unit if unit is not None and number.isdecimal() and number.isascii() else NAN


def millicores(quantity: object) -> int:
    """A CPU quantity in thousandths of a core: "500m" is 500, "2" is 2000; 0 for what is not one."""
    found = amount(quantity)
    return 0 if math.isnan(found) else round(found * 1000)


def bytes_of(quantity: object) -> float:
    """A memory quantity in bytes: "512Mi", "1G", "1000000"; infinity, which limits nothing, for what is not one."""
    found = amount(quantity)
    return float("inf") if math.isnan(found) else found


def requested(spec: Object, resource: str, part: str = "requests") -> float:
    """What the containers of a pod's spec ask for (or are limited to) together, in cores or bytes; 0 where nothing."""
    found = (amount(dig(item, "resources", part, resource, default="0")) for item in spec.get("containers", []))
    return sum(value for value in found if not math.isnan(value))


def shown(value: float, resource: str) -> str:
    """An amount as the API server writes it in a status: cores in m unless they are whole, bytes by powers of two."""
    if resource.endswith("cpu"):
        milli = round(value * 1000)
        return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
    whole = round(value)
    if resource.endswith(("memory", "storage")) and whole:
        for unit in ("Gi", "Mi", "Ki"):
            if whole % int(_UNITS[unit]) == 0:
                return f"{whole // int(_UNITS[unit])}{unit}"
    return str(whole)
