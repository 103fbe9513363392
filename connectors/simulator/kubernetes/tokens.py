"""Who may come in: bearer tokens that end, and client certificates.

A token's seconds are counted on the cluster's wall clock (``Times.wall``): that is the time in which an exec plug-in
is told when to ask again, and it stands still with the estate.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.identity import Identity, Times
from connectors.simulator.kubernetes.objects import Object

USER = "seawall"
GROUPS = ("system:authenticated",)


class Tokens:
    """One token is good at a time, for ``seconds`` (None: until another one is issued)."""

    def __init__(
        self, identity: Identity, times: Times, token: str = "", seconds: float | None = None, strict: bool = False
    ) -> None:
        self._identity = identity
        self._times = times
        self._seconds = seconds
        self._strict = strict  # whether one must show something to be let in
        self._expired = False
        self._until = self._end()
        self.token = token or identity.token()

    def expire(self) -> None:
        """The token that is out there stops working."""
        self._expired = True

    def renew(self) -> str:
        """A new token; the old one is worth nothing."""
        self.token, self._expired, self._until = self._identity.token(), False, self._end()
        return self.token

    def credential(self) -> Object:
        """What an exec plug-in gives a client: a token that is good now, and until when."""
        token = self.renew() if self._over() else self.token
        if self._until is None:
            return {"token": token}
        return {"token": token, "expirationTimestamp": _stamp(self._until)}

    def authenticate(self, header: str, certified: bool = False) -> None:
        """401 for a token that is not the one of now.

        Over plain HTTP, no token at all is let in while ours is valid: client-go (kubectl) reads no credentials for
        an ``http://`` server and sends none.
        """
        if certified:
            return
        known = (f"Bearer {self.token}",) if self._strict else (f"Bearer {self.token}", "")
        if self._over() or header not in known:
            raise refusal.unauthorized()

    def _over(self) -> bool:
        return self._expired or (self._until is not None and self._now() >= self._until)

    def _end(self) -> float | None:
        return None if self._seconds is None else self._now() + self._seconds

    def _now(self) -> float:
        return self._times.wall().timestamp()


def _stamp(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
