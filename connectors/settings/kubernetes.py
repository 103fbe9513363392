"""What the config may say about Kubernetes."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``kubeconfig`` and ``context`` None: kubectl's own rules. ``timeout`` in wall seconds a request or a write."""

    kubeconfig: str | None = None  # or several, as in $KUBECONFIG
    context: str | None = None
    namespaces: tuple[str, ...] | None = None  # "*": all of them; None: the context's own, or "default"
    watch: bool = True  # False: every reading lists
    timeout: float = 3.0
    interval: float | None = None  # wall seconds between readings; default: the environment's
