"""A reading as a JSON document has it, the same in every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.model.component import Health

if TYPE_CHECKING:
    from console.model.reading import Reading


def reading_document(reading: Reading) -> dict[str, object]:
    """The value in base units, null where it is unknown; a number that is not known is never ``ok``."""
    known = reading.value is not None and not reading.stale
    return {
        "value": reading.value,
        "unit": reading.unit.value,
        "at": reading.at,
        "source": reading.source,
        "health": (reading.health if known else max(reading.health, Health.UNKNOWN)).name.lower(),
        "stale": reading.stale,
        "note": reading.note,
    }
