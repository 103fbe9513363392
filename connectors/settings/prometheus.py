"""What the config may say about Prometheus, or about what answers like it."""

from __future__ import annotations

import msgspec

from connectors.secret import Secret


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``url`` may have a path in front of ``/api/v1`` (``…/prometheus``, ``…/select/0/prometheus``).

    ``token`` is a bearer token; ``user`` and ``password`` are HTTP basic. ``cert_file`` and ``key_file`` are a client
    certificate in PEM, ``key_password`` that of an encrypted key; ``ca_file`` is the authority that signed the server.
    ``tenant`` is sent as ``X-Scope-OrgID``, ``headers`` as they are, ``params`` with every request (``extra_label`` of
    VictoriaMetrics, ``partial_response`` of Thanos). ``proxy`` takes the place of the environment's.
    ``alert_match`` has a glob for each label that an alert must have to be shown. ``timeout`` in wall seconds a query.
    """

    url: str
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    cert_file: str = ""
    key_file: str = ""
    key_password: Secret | None = None
    ca_file: str = ""
    tenant: str = ""
    headers: dict[str, Secret] = {}
    params: dict[str, str] = {}
    proxy: str = ""
    alerts: bool = True
    alert_match: dict[str, str] = {}
    timeout: float = 2.0
    interval: float | None = None  # wall seconds between readings; default: the environment's
