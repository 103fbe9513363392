"""Values, checks and conditions as a playbook's file writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playbooks.document import Node, Table, did_you_mean
from playbooks.playbook import Check, Comparison, Param, ReadBack, SignalCheck, StillOurs
from playbooks.values import Ref, Value, Want, convert

Scope = Mapping[str, Param]
SIGNAL = re.compile(r"[A-Za-z0-9_-]{1,63}\.[A-Za-z0-9_.-]{1,63}")
SIDES = tuple(side.value for side in Comparison)


def read_value(node: Node, want: Want, scope: Scope | None = None) -> Value | Ref:
    """The value, or a ``Ref`` where ``scope`` has a parameter of a type that may stand here."""
    raw = node.scalar(want.value)
    if isinstance(raw, str) and raw.startswith("$"):
        return _reference(node, raw[1:], want, scope or {})
    try:
        return convert(raw, want)
    except ValueError as error:
        raise node.wrong(str(error)) from error


def _reference(node: Node, name: str, want: Want, scope: Scope) -> Ref:
    if name not in scope:
        raise node.wrong(f"no parameter '{name}' may stand here{did_you_mean(name, scope)}")
    if not scope[name].kind.serves(want):
        raise node.wrong(f"expected {want.value}, and '{name}' is {scope[name].kind.want.value}")
    return Ref(name)


def read_quantity(node: Node, scope: Scope, want: Want = Want.QUANTITY) -> float | Ref:
    """A number in base units, or a parameter."""
    value = read_value(node, want, scope)
    return value if isinstance(value, Ref) else float(value)


def read_number(node: Node, want: Want) -> float:
    """A number in base units; parameters may not stand here."""
    value = read_value(node, want)
    if isinstance(value, Ref):
        raise node.wrong("a parameter may not stand here")
    return float(value)


def read_check(node: Node, scope: Scope) -> Check:
    """One entry of ``verify``."""
    entries = node.table(wanted="a check").entries
    if "read_back" in entries:
        return _read_back(node.table(("read_back", "within")))
    if "still_ours" in entries:
        return StillOurs(read_number(node.table(("still_ours",)).need("still_ours"), Want.DURATION))
    return read_signal(node, scope)


def _read_back(table: Table) -> ReadBack:
    if table.need("read_back").value is not True:
        raise table.node.wrong("expected 'read_back: true'")
    within = table.get("within")
    return ReadBack() if within is None else ReadBack(read_number(within, Want.DURATION))


def read_conditions(node: Node, scope: Scope) -> tuple[SignalCheck, ...]:
    """A list of conditions about signals; an empty one says nothing and is refused."""
    found = tuple(read_signal(each, scope) for each in node.items("a list of conditions"))
    if not found:
        raise node.wrong("expected at least one condition")
    return found


def read_signal(node: Node, scope: Scope) -> SignalCheck:
    """A signal, exactly one comparison, and how long."""
    table = node.table(("signal", *SIDES, "for", "within"), "a condition")
    sides = [side for side in SIDES if side in table.entries]
    if len(sides) != 1:
        raise node.wrong(f"expected exactly one of {', '.join(SIDES)}")
    hold, within = table.get("for"), table.get("within")
    return SignalCheck(
        signal=_signal(table.need("signal")),
        comparison=Comparison(sides[0]),
        bound=_bound(table.need(sides[0]), sides[0], scope),
        hold=0.0 if hold is None else read_number(hold, Want.DURATION),
        within=60.0 if within is None else read_number(within, Want.DURATION),
    )


def _signal(node: Node) -> str:
    name = node.text("a signal such as api.cpu")
    if not SIGNAL.fullmatch(name):
        raise node.wrong(f"expected a signal such as api.cpu, not {name!r}")
    return name


def _bound(node: Node, side: str, scope: Scope) -> float | Ref:
    if side == Comparison.RISING:
        return float(read_number(node, Want.BOOL))
    return read_quantity(node, scope)
