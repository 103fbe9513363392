"""Protobuf bodies, read into the JSON trees that everything else works on.

kubectl from 1.32 on posts what its typed clients send (reviews, evictions, ``create configmap``, ``autoscale`` …) as
protobuf, whatever the server would like: four magic bytes, then ``runtime.Unknown`` around the object. Go writes
structs with their empty fields in them; what JSON would omit is omitted here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.simulator.kubernetes import schema
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.schema import Field, Message

MAGIC = b"k8s\x00"
MEDIA = "application/vnd.kubernetes.protobuf"
_NUMBERS = ("int32", "int64", "bool")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Malformed(Exception):
    """The bytes are not the message they claim to be."""


def decoded(body: bytes) -> Object:
    """The object with its kind and apiVersion; Malformed for other bytes and for kinds that are not described."""
    if not body.startswith(MAGIC):
        raise Malformed("provided data does not appear to be a protobuf message, expected prefix 'k8s'")
    unknown = dict(_fields(body[len(MAGIC) :]))
    head = {number: _text(value) for number, value in _fields(_bytes(unknown.get(1, b"")))}
    version, kind = head.get(1, ""), head.get(2, "")
    of = schema.message(f"{kind}V1" if version == "autoscaling/v1" else kind) or schema.message(kind)
    if of is None:
        raise Malformed(f"no kind {kind!r} is registered for version {version!r}")
    return {"apiVersion": version, "kind": kind, **_message(_bytes(unknown.get(2, b"")), of)}


def _message(data: bytes, of: Message) -> Object:
    by_number = {field.number: field for field in of.fields.values() if field.number}
    found: Object = {}
    for number, raw in _fields(data):
        if field := by_number.get(number):
            _put(found, field, raw)
    return found


def _put(found: Object, field: Field, raw: int | bytes) -> None:
    if field.type == schema.ANY:
        return
    if field.many == "list":
        found.setdefault(field.name, []).append(_value(field, raw))
    elif field.many == "map":
        key, value = _entry(field, _bytes(raw))
        found.setdefault(field.name, {})[key] = value
    elif "inline" in field.flags:
        found.update(_value(field, raw))
    else:
        value = _value(field, raw)
        if not _omitted(field, value):
            found[field.name] = value


def _omitted(field: Field, value: Any) -> bool:
    """Whether Go's JSON would leave it out: a zero that is not behind a pointer."""
    if isinstance(value, int):
        return not value and "plain" in field.flags
    return value in ("", {}) and "keep" not in field.flags


def _entry(field: Field, data: bytes) -> tuple[str, Any]:
    parts = dict(_fields(data))
    return _text(parts.get(1, b"")), _value(field, parts.get(2, b""))


def _value(field: Field, raw: int | bytes) -> Any:
    if field.type in _NUMBERS:
        return _number(field.type, raw)
    data = _bytes(raw)
    if field.type == "string":
        return _text(data)
    if field.type == "bytes":
        return base64.b64encode(data).decode()
    if field.type in ("Time", "MicroTime"):
        return _time(field.type, dict(_fields(data)))
    if field.type == "Quantity":
        return _text(dict(_fields(data)).get(1, b""))
    if field.type == "IntOrString":
        return _int_or_string(dict(_fields(data)))
    of = schema.message(field.type)
    return _message(data, of) if of else {}


def _number(kind: str, raw: int | bytes) -> int | bool:
    if not isinstance(raw, int):
        raise Malformed("bytes where a number belongs")
    if kind == "bool":
        return bool(raw)
    return raw - 2**64 if raw >= 2**63 else raw


def _time(kind: str, parts: dict[int, int | bytes]) -> str:
    """RFC 3339; "" for Go's zero time, which is sent as an empty message."""
    if not parts:
        return ""
    seconds, nanos = _number("int64", parts.get(1, 0)), _number("int64", parts.get(2, 0))
    try:
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError as error:
        raise Malformed("a time out of range") from error
    if moment.year < 1:
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if kind == "Time" else "%Y-%m-%dT%H:%M:%S.%fZ")


def _int_or_string(parts: dict[int, int | bytes]) -> int | str:
    if parts.get(1):
        return _text(parts.get(3, b""))
    return _number("int32", parts.get(2, 0))


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number where a message belongs")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as error:
        raise Malformed("a string that is not UTF-8") from error


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        size, place = _size(data, place, wire)
        if place + size > len(data):
            raise Malformed("unexpected EOF")
        yield number, data[place : place + size]
        place += size


def _size(data: bytes, place: int, wire: int) -> tuple[int, int]:
    if wire == 2:
        return _varint(data, place)
    if wire in (1, 5):
        return (8 if wire == 1 else 4), place
    raise Malformed(f"illegal wire type {wire}")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if place >= len(data):
            raise Malformed("unexpected EOF")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place
    raise Malformed("varint overflow")
