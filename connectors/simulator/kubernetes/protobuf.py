"""Just enough protobuf to read an access review.

kubectl from 1.32 on posts SelfSubjectAccessReviews and SelfSubjectRulesReviews as protobuf, whatever the server
would like: four magic bytes, then ``runtime.Unknown`` around the object. Field numbers are those of
``generated.proto`` in k8s.io/api/authorization/v1 and apimachinery.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.kubernetes.objects import Object

MAGIC = b"k8s\x00"
_ATTRIBUTES = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_PATHS = {1: "path", 2: "verb"}


class Malformed(Exception):
    """The bytes are not the message they claim to be."""


def review(body: bytes) -> Object:
    """A SelfSubjectAccessReview or SelfSubjectRulesReview as JSON would have it."""
    if not body.startswith(MAGIC):
        raise Malformed("provided data does not appear to be a protobuf message, expected prefix 'k8s'")
    unknown = dict(_fields(body[len(MAGIC) :]))
    kind = {key: _text(value) for key, value in _fields(_message(unknown.get(1, b"")))}.get(2, "")
    spec = _message(dict(_fields(_message(unknown.get(2, b"")))).get(2, b""))
    if kind == "SelfSubjectRulesReview":
        return {"kind": kind, "spec": _named(spec, {1: "namespace"})}
    if kind == "SelfSubjectAccessReview":
        return {"kind": kind, "spec": _access(spec)}
    raise Malformed(f"no protobuf reader for {kind or 'a message without a kind'}")


def _access(spec: bytes) -> Object:
    parts = dict(_fields(spec))
    found: Object = {}
    if 1 in parts:
        found["resourceAttributes"] = _named(_message(parts[1]), _ATTRIBUTES)
    if 2 in parts:
        found["nonResourceAttributes"] = _named(_message(parts[2]), _PATHS)
    return found


def _named(message: bytes, names: dict[int, str]) -> Object:
    return {names[number]: _text(value) for number, value in _fields(message) if number in names}


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number where a message belongs")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _message(value).decode()
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
            return value, place
    raise Malformed("varint overflow")
