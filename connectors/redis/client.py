"""redis-py behind one deadline a call, its errors in the project's words.

The package is imported when the first client is built, in a thread. Its own retries are off: the session's loop is
the one place that tries again, and a write whose reply was lost is never sent twice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from connectors import ConnectorError
from connectors.failure import Failed, innermost, kind_of, one_line, unsent
from connectors.secret import MissingSecret
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import redis
    import redis.asyncio

FIRST = 15.0  # wall seconds for importing the client and reading the secret, once
Word = bytes | str | int | float


class Refused(Failed):
    """The server answered, and its answer was an error; so what was asked for did not happen."""

    def __init__(self, kind: FailureKind, reason: str, *, unknown_script: bool = False, advice: str = "") -> None:
        super().__init__(kind, reason, advice=advice)
        self.unknown_script = unknown_script


class Lost(Failed):
    """No answer. ``sent``: the command may have reached the server all the same."""

    def __init__(self, kind: FailureKind, reason: str, *, sent: bool, advice: str = "") -> None:
        super().__init__(kind, reason, advice=advice)
        self.sent = sent


def check(name: str, settings: Settings) -> None:
    """ConnectorError where the settings cannot work. Nothing is imported or sent."""
    try:
        parts = urlsplit(settings.url)
        _ = parts.port
    except ValueError as error:
        raise ConnectorError(f"{name}: url cannot be read: {error}") from error
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.scheme == "unix"):
        raise ConnectorError(f'{name}: url is not like "redis://host:6379/0"')
    if parts.username or parts.password or {"username", "password"} & parse_qs(parts.query).keys():
        raise ConnectorError(f'{name}: no credentials in the url; use user = "…" and password = "env:NAME"')
    if settings.user and not settings.password:
        raise ConnectorError(f"{name}: user needs a password")
    if not settings.timeout > 0:
        raise ConnectorError(f"{name}: timeout must be more than 0 seconds")
    try:
        _ = settings.password and settings.password.reveal()
    except MissingSecret as error:
        raise ConnectorError(f"{name}: {error}") from error


class Client:
    """Calls on one Redis: each within ``settings.timeout``, twice that where its name is looked up; Refused or Lost."""

    def __init__(self, settings: Settings, bulkhead: Bulkhead) -> None:
        self._settings = settings
        self._bulkhead = bulkhead
        self._client: redis.asyncio.Redis | None = None
        self._found = False  # its name, at the last attempt

    async def ask(self, *commands: Sequence[Word]) -> list[object]:
        """The replies to commands sent together; a command that the server refused has its Refused as reply."""
        client = await self._open()
        await self._find()
        try:
            async with asyncio.timeout(self._settings.timeout):
                pipeline = client.pipeline(transaction=False)
                for words in commands:
                    pipeline.execute_command(*words)
                replies = await pipeline.execute(raise_on_error=False)
        except redis_errors() as error:
            self._found = False
            failed = translated(error, self._settings)
            if failed.kind is FailureKind.EXPIRED:
                await self.close()  # the password may have been renewed at its place: it is read again
            raise failed from error
        return [translated(reply, self._settings) if isinstance(reply, Exception) else reply for reply in replies]

    async def script(self, sha: str, body: bytes, key: str, arguments: Sequence[bytes]) -> object:
        """What the script returned. It is sent whole where the server does not know it yet."""
        reply = (await self.ask(("EVALSHA", sha, 1, key, *arguments)))[0]
        if isinstance(reply, Refused) and reply.unknown_script:
            reply = (await self.ask(("EVAL", body, 1, key, *arguments)))[0]
        if isinstance(reply, Refused):
            raise reply
        return reply

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                async with asyncio.timeout(0.2):
                    await client.aclose()
            except redis_errors():
                return  # a hung peer does not say goodbye; its socket is closed already

    async def _find(self) -> None:
        """Looks the name up in the bulkhead: asyncio's own look-up runs in threads that the exit waits for."""
        parts = urlsplit(self._settings.url)
        if self._found or parts.scheme == "unix":
            return
        try:
            look_up = partial(socket.getaddrinfo, parts.hostname, parts.port or 6379)
            await self._bulkhead.call(look_up, self._settings.timeout)
        except TimeoutError as error:
            reason = f"{parts.hostname}: its name was not resolved within {self._settings.timeout:g} s"
            raise Lost(FailureKind.TIMED_OUT, reason, sent=False) from error
        except OSError as error:
            raise translated(error, self._settings) from error
        self._found = True

    async def _open(self) -> redis.asyncio.Redis:
        if self._client is None:
            try:
                self._client = await self._bulkhead.call(lambda: _build(self._settings), FIRST)
            except TimeoutError as error:
                raise Lost(FailureKind.TIMED_OUT, f"the client was not ready within {FIRST:g} s", sent=False) from error
            except MissingSecret as error:
                raise Refused(FailureKind.EXPIRED, str(error)) from error
        return self._client


def blocking(settings: Settings) -> redis.Redis:
    """A synchronous client, for a thread of its own. MissingSecret where the password is gone."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0), **_options(settings))


def _build(settings: Settings) -> redis.asyncio.Redis:
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return redis.asyncio.Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0), **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    """Typed loosely: they are redis-py's keyword arguments."""
    return {
        "username": settings.user or None,
        "password": settings.password.reveal() if settings.password else None,
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
        "client_name": "seawall",
    }


def translated(error: BaseException, settings: Settings) -> Refused | Lost:
    """A redis-py or operating system exception by what it means for the one who asked."""
    from redis import exceptions as raised

    said = one_line(str(error))
    if isinstance(error, raised.AuthenticationError):
        return Refused(FailureKind.EXPIRED, f"not let in: {said}", advice="see user and password in the config")
    if isinstance(error, raised.NoPermissionError):
        return Refused(FailureKind.FORBIDDEN, said, advice="the user lacks a permission in the server's ACL")
    if isinstance(error, raised.BusyLoadingError | raised.MaxConnectionsError) or "max number of clients" in said:
        return Refused(FailureKind.THROTTLED, said)
    if isinstance(error, raised.ResponseError):
        return Refused(FailureKind.PROTOCOL, said, unknown_script=isinstance(error, raised.NoScriptError))
    where = _address(settings)
    if isinstance(error, TimeoutError | raised.TimeoutError):
        return Lost(FailureKind.TIMED_OUT, f"{where} did not answer within {settings.timeout:g} s", sent=True)
    return Lost(kind_of(error), f"{where}: {innermost(error)}", sent=not unsent(error))


def _address(settings: Settings) -> str:
    parts = urlsplit(settings.url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"


def redis_errors() -> tuple[type[Exception], ...]:
    """What a call may raise. Looked up when something was raised: by then the package is there."""
    from redis.exceptions import RedisError

    return OSError, RedisError
