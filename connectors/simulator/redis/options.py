"""What a simulated Redis is besides its keys: who may enter, how its line is sealed, how many servers it is made of.

One value, handed to the wire when it is made, so that an estate says all of it in one place.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """``users`` are ACL rules by name, as ``ACL SETUSER`` takes them (``on >secret ~shop:* +@read``).

    ``password`` is what the user ``default`` must say (``requirepass``); None: nothing. ``tls`` is the server's side of
    the line; None: plain. ``replicas`` follow the primary; ``cluster`` makes three primaries with 16,384 slots, which
    have no replicas: ValueError where both are asked for.
    ``patience`` is the wall seconds in which a request that was begun must have come.
    """

    users: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    password: str | None = None
    tls: ssl.SSLContext | None = None
    replicas: int = 0
    cluster: bool = False
    patience: float = 30.0

    def __post_init__(self) -> None:
        if self.cluster and self.replicas:
            raise ValueError("redis: a cluster's primaries have no replicas here: replicas or cluster, not both")
