"""Bearer tokens for SASL/OAUTHBEARER: a given one, read anew as it may be rotated, or one that an endpoint grants.

The client library asks for the token on its own loop, where nothing may block. So it is got before each reading that
may need a new one, in the thread of that reading, and kept: the loop is handed what is there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from connectors.deadline import Line, pool_classes
from connectors.failure import Failed, innermost, kind_of, kind_of_status, one_line
from connectors.imports import imported
from connectors.kafka.failure import failed
from connectors.secret import MissingSecret, Secret
from connectors.settings.kafka import Settings
from console.model.snapshot import FailureKind

SPENT = 0.8  # of a token's life, after which the next one is got: the broker asks for it at 0.85 to 0.95
UNTOLD = 60.0  # wall seconds that a token is taken to live where the endpoint does not say (RFC 6749, 5.1)
GIVEN = 30.0  # wall seconds after which a given token is read anew
ADVICE = "check token_url, client_id, client_secret and scope, and the endpoint that they are of"
LARGEST = 2**20  # bytes of an endpoint's answer


class Tokens:
    """``token`` is never shown. ``now`` tells wall seconds that never jump."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._guard = threading.Lock()
        self._token = ""
        self._due = float("-inf")

    @property
    def due(self) -> bool:
        """Whether the next one is to be got now."""
        return self._now() >= self._due

    def renew(self, line: Line, seconds: float) -> None:
        """Gets the next one; blocks, at most until ``line`` is cut. Raises Failed, and keeps what there was."""
        token, life = self._granted(line, seconds) if self._settings.token_url else (self._given(), GIVEN / SPENT)
        with self._guard:
            self._token, self._due = token, self._now() + life * SPENT

    def forget(self) -> None:
        """A broker refused it: the next one is got before the next attempt."""
        self._due = float("-inf")

    def token(self) -> str:
        """For the client library, by this name."""
        with self._guard:
            return self._token

    def _given(self) -> str:
        assert self._settings.token is not None
        return _revealed(self._settings.token)

    def _granted(self, line: Line, seconds: float) -> tuple[str, float]:
        """A token and its life in seconds, by the client credentials grant (RFC 6749, 4.4)."""
        imported("urllib3")
        from urllib3 import PoolManager, make_headers

        settings = self._settings
        basic = f"{settings.client_id}:{_revealed(settings.client_secret)}"
        headers = {
            **make_headers(basic_auth=basic),
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        fields = {"grant_type": "client_credentials"} | ({"scope": settings.scope} if settings.scope else {})
        with PoolManager(retries=False, ca_certs=settings.ca_file or None) as pool:
            pool.pool_classes_by_scheme = dict(pool_classes())
            try:
                said = pool.urlopen(
                    "POST",
                    settings.token_url,
                    body=urlencode(fields),
                    headers=headers,
                    timeout=seconds,
                    preload_content=False,
                    redirect=False,
                )
                body = said.read(LARGEST)
            except Exception as error:  # urllib3's own tree, and whatever a stranger's bytes made of it
                raise _no_token(settings, kind_of(error), innermost(error)) from error
        return self._read(said.status, body)

    def late(self) -> Failed:
        """What to say where its deadline passed."""
        return _no_token(self._settings, FailureKind.TIMED_OUT, "no answer in time")

    def _read(self, status: int, body: bytes) -> tuple[str, float]:
        """Of an endpoint's answer. What it says of an error is shown, of a success never."""
        said = _object(body)
        if status != 200:
            why = one_line(str(said.get("error_description") or said.get("error") or ""), 120)
            # 400 invalid_client and invalid_grant are what a wrong or ended secret is answered with (RFC 6749, 5.2).
            kind = FailureKind.EXPIRED if status == 400 else kind_of_status(status)
            raise _no_token(self._settings, kind, f"status {status}{': ' if why else ''}{why}")
        token = said.get("access_token")
        if not isinstance(token, str) or not token.isprintable() or not token:
            raise _no_token(self._settings, FailureKind.PROTOCOL, "no access_token in the answer")
        return token, _life(said.get("expires_in"))


def _revealed(secret: Secret | None) -> str:
    try:
        return secret.reveal() if secret else ""
    except MissingSecret as error:
        raise failed(FailureKind.EXPIRED, str(error)) from error


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _no_token(settings: Settings, kind: FailureKind, why: str) -> Failed:
    where = urlsplit(settings.token_url).netloc.rpartition("@")[2]
    return Failed(kind, one_line(f"token from {where}: {why}"), advice=ADVICE)


def _life(told: object) -> float:
    try:
        life = float(str(told))
    except ValueError:
        return UNTOLD
    return life if 0 < life < 1e9 else UNTOLD
