"""How a simulated cluster differs from the plain one, as one value: who is refused what, how one logs in, its size."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denial:
    """One thing that is answered 403.

    ``resource`` is "deployments", "deployments.apps", "deployments/scale" or "*" (everything). An empty ``namespace``
    or ``name`` means any.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """The defaults are an open cluster: everything allowed, a token that does not end, no extra controllers.

    ``token``: "" is one drawn from the seed. ``token_seconds``: wall seconds for which a token is accepted, None for
    ever. ``exec_plugin``: the kubeconfig names a command that prints the token. ``gitops``, ``keda``: controllers that
    put values back. ``pods``: so many more pods, in a deployment of their own outside the traffic model. ``tls``: the
    listener's context, and ``authority`` the PEM that the kubeconfig then trusts (client-go sends credentials over
    TLS only). ``patience``: wall seconds for a request to arrive, and for a connection to stay without one.
    """

    deny: tuple[Denial, ...] = ()
    token: str = ""
    token_seconds: float | None = None
    exec_plugin: bool = False
    gitops: bool = False
    keda: bool = False
    pods: int = 0
    tls: ssl.SSLContext | None = None
    authority: str = ""
    patience: float = 30.0
