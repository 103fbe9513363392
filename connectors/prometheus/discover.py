"""The names of all metrics that a Prometheus has, from which its exporters can be told. For ``seawall init`` alone."""

from __future__ import annotations

import msgspec

from connectors import Clock
from connectors.failure import Failed
from connectors.prometheus.backend import Backend
from connectors.prometheus.client import Page
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind, Unreachable

NAMES = "/api/v1/label/__name__/values"


class _Values(msgspec.Struct, frozen=True):
    data: tuple[str, ...]


async def metric_names(name: str, settings: Settings, clock: Clock) -> frozenset[str] | Unreachable:
    """Every name, or why they are not known."""
    backend = Backend(name, settings, clock)
    try:
        return await backend.page(NAMES, _names)
    except Failed as failed:
        return failed.unreachable(name, clock.now())
    except msgspec.DecodeError as error:
        reason = f"{settings.url}: not an answer of the Prometheus API ({error})"
        return Failed(FailureKind.PROTOCOL, reason).unreachable(name, clock.now())
    finally:
        backend.close()


def _names(page: Page) -> frozenset[str]:
    return frozenset(msgspec.json.decode(page.body, type=_Values).data)
