"""Label and field selectors, parsed once a request into one question about an object."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import EVENT, NODE, POD, Kind
from connectors.simulator.kubernetes.objects import Object, dig, labels_of

Match = Callable[[Object], bool]

_FIELDS: dict[str, tuple[str, ...]] = {
    EVENT.name: (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    POD.name: ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "status.phase", "status.podIP"),
    NODE.name: ("spec.unschedulable",),
}
_IN = re.compile(r"^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([^\s=!(),]+)\s*$")
_COMMAS = re.compile(r",(?![^(]*\))")  # those not inside a list of values


def labels(text: str) -> Match:
    """``a=b,c!=d,e in (f,g),h,!i`` as one question. An empty selector matches everything."""
    terms = [_label_term(term) for term in _COMMAS.split(text)] if text.strip() else []
    return lambda obj: all(term(labels_of(obj)) for term in terms)


def _label_term(text: str) -> Callable[[dict[str, str]], bool]:
    if found := _IN.match(text):
        key, word, values = found.group(1), found.group(2), {value.strip() for value in found.group(3).split(",")}
        return lambda has: (has.get(key) in values) == (word == "in")
    if found := _EQUAL.match(text):
        key, sign, value = found.groups()
        return lambda has: (has.get(key) == value) == (sign != "!=")
    if found := _EXISTS.match(text):
        absent, key = found.groups()
        return lambda has: (key in has) == (not absent)
    raise refusal.bad_request(f'unable to parse requirement: found "{text}", expected: a label selector')


def fields(text: str, kind: Kind) -> Match:
    """``metadata.name=x,status.phase!=Running``; a field that the kind does not index is refused with 400."""
    terms = [_field_term(term, kind) for term in text.split(",")] if text.strip() else []
    return lambda obj: all(term(obj) for term in terms)


def _field_term(text: str, kind: Kind) -> Match:
    found = _EQUAL.match(text)
    if not found:
        raise refusal.bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    field, sign, value = found.groups()
    if field not in ("metadata.name", "metadata.namespace", *_FIELDS.get(kind.name, ())):
        raise refusal.bad_request(f"field label not supported: {field}")
    path = ("source", "component") if field == "source" else tuple(field.split("."))
    return lambda obj: (_text(dig(obj, *path, default="")) == value) == (sign != "!=")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def by_spec(selector: Object) -> Match:
    """A ``metav1.LabelSelector`` (matchLabels and matchExpressions) as one question."""
    terms = [labels(f"{key}={value}") for key, value in dig(selector, "matchLabels", default={}).items()]
    terms += [labels(_expression(item)) for item in dig(selector, "matchExpressions", default=[])]
    return lambda obj: all(term(obj) for term in terms)


def _expression(item: Object) -> str:
    key, operator, values = item.get("key", ""), item.get("operator"), ",".join(item.get("values", []))
    written = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "DoesNotExist": f"!{key}"}
    return written.get(str(operator), str(key))


def as_text(selector: Object) -> str:
    """A label selector as kubectl and ``/scale`` print it."""
    parts = [f"{key}={value}" for key, value in sorted(dig(selector, "matchLabels", default={}).items())]
    return ",".join([*parts, *(_expression(item) for item in dig(selector, "matchExpressions", default=[]))])
