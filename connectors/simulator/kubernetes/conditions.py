"""Status conditions: a transition time moves when the status flips, and only then."""

from __future__ import annotations

from connectors.simulator.kubernetes.objects import Object, dig


def condition(name: str, holds: bool, reason: str = "", message: str = "") -> Object:
    """One condition without its times."""
    made = {"type": name, "status": "True" if holds else "False"}
    return {**made, **({"reason": reason} if reason else {}), **({"message": message} if message else {})}


def settled(before: Object, wanted: list[Object], stamp: str, updates: bool = False) -> list[Object]:
    """``wanted`` with times, given the object as it was.

    ``updates`` adds ``lastUpdateTime`` as deployments have it: it moves when the reason or the message does.
    """
    known = {item.get("type"): item for item in dig(before, "status", "conditions", default=[])}
    return [_timed(known.get(item["type"], {}), item, stamp, updates) for item in wanted]


def _timed(before: Object, item: Object, stamp: str, updates: bool) -> Object:
    held = before.get("status") == item["status"]
    times = {"lastTransitionTime": before.get("lastTransitionTime", stamp) if held else stamp}
    if updates:
        same = held and before.get("reason") == item.get("reason") and before.get("message") == item.get("message")
        times["lastUpdateTime"] = before.get("lastUpdateTime", stamp) if same else stamp
    return {**item, **times}
