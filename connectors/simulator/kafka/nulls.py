"""The codec decodes a null wherever a string or an array may stand; the protocol allows it only in some places.

A real broker refuses such a request as malformed, and the handlers rely on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.simulator.kafka.session import Message


def forbidden_null(fields: Mapping[str, Any], message: Message, version: int) -> str:
    """The name of a field that is null and must not be, or "" . ``fields`` is the codec's schema of the message."""
    for name, field in fields.items():
        if field.for_version_q(version) and field.tag is None:
            found = _in_field(field, getattr(message, name), version)
            if found is not None:
                return f"{name}.{found}" if found else name
    return ""


def _in_field(field: Any, value: Message, version: int) -> str | None:
    """None: nothing is wrong; else what is wrong below this field, "" for itself."""
    if value is None:  # which is also how the codec shows the id of nothing
        return None if field.nullable_for_version_q(version) or field.type_str == "uuid" else ""
    if not isinstance(value, list):
        return None
    if None in value:
        return ""
    if not field.is_struct_array():
        return None
    below = (forbidden_null(field.array_of.fields, item, version) for item in value)
    return next((name for name in below if name), None)
