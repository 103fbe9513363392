"""Levers as tests speak of them: the pods of the shop's workloads, and what else is set."""

from __future__ import annotations

from typing import Any

from connectors.simulator.tick import Levers, Pods

GATEWAY = Pods(3, desired=3)


def shop_levers(api: Pods, workers: Pods, gateway: Pods = GATEWAY, **others: Any) -> Levers:
    """Levers of a shop with these pods."""
    return Levers({"api": api, "workers": workers, "gateway": gateway}, **others)
