"""Levers as tests speak of them: the pods of the shop's workloads, and what else is set."""

from __future__ import annotations

from typing import Any

from connectors.simulator.architecture import architecture_named
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.now import Now
from connectors.simulator.tick import Levers, Pods

GATEWAY = Pods(3, desired=3)


def shop_levers(api: Pods, workers: Pods, gateway: Pods = GATEWAY, **others: Any) -> Levers:
    """Levers of a shop with these pods."""
    return Levers({"api": api, "workers": workers, "gateway": gateway}, **others)


def shop_now(levers: Levers, crisis: Crisis = CALM, t: int = 0, seed: int = 0) -> Now:
    """A second of the shop."""
    return Now(architecture_named("shop"), levers, crisis, t, seed)
