"""redis-py behind one deadline a call, its errors in the project's words.

The package is imported when the first client is built, in a thread. Its own retries are off: the session's loop is
the one place that tries again, and a write whose reply was lost is never sent twice. Its reading of replies is off
too: RESP 2 and 3, and the servers that call themselves compatible, are told apart in ``reply``, the same for all.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.imports import imported
from connectors.redis.address import Address, database, is_sealed
from connectors.redis.lines import line_class, parser_class
from connectors.redis.refusal import Lost, Refused, redis_errors, translated
from connectors.secret import MissingSecret, Secret
from connectors.settings.redis import Settings
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import redis
    import redis.asyncio

FIRST = 15.0  # wall seconds for importing the client and reading the secret, once
NAMED = ("CLIENT", "SETNAME", "seawall")
Word = bytes | str | int | float


@dataclass(frozen=True, slots=True)
class Login:
    """Whom the servers take us for; a Sentinel has users of its own."""

    user: str = ""
    password: Secret | None = None


class Client:
    """Calls on one server: each within ``settings.timeout``, twice that where its name is looked up."""

    def __init__(self, settings: Settings, address: Address, login: Login, bulkhead: Bulkhead) -> None:
        self.address = address
        self.sealed = is_sealed(settings)
        self._settings = settings
        self._login = login
        self._there = address.mapped(settings.address_map)
        self._bulkhead = bulkhead
        self._client: redis.asyncio.Redis | None = None
        self._ready = False  # its name was found and its line is open, at the last attempt

    async def ask(self, *commands: Sequence[Word]) -> list[object]:
        """The replies to commands sent together; a command that the server refused has its Refused as reply."""
        return await self._send(await self.ready(), commands)

    async def ready(self) -> redis.asyncio.Redis:
        """Opens the line before anything is timed, and says who we are to those who may name themselves."""
        client = await self._open()
        if not self._ready:
            await self._find()
            await self._send(client, (NAMED,))
            self._ready = True
        return client

    async def script(self, sha: str, body: bytes, key: str, arguments: Sequence[bytes], asking: bool) -> object:
        """What the script returned. It is sent whole where the server does not know it yet.

        ``asking``: the key is on its way to this server.
        """
        first = (("ASKING",),) if asking else ()
        reply = (await self.ask(*first, ("EVALSHA", sha, 1, key, *arguments)))[-1]
        if isinstance(reply, Refused) and reply.unknown_script:
            reply = (await self.ask(*first, ("EVAL", body, 1, key, *arguments)))[-1]
        if isinstance(reply, Refused):
            raise reply
        return reply

    async def close(self) -> None:
        client, self._client, self._ready = self._client, None, False
        if client is not None:
            try:
                async with asyncio.timeout(0.2):
                    await client.aclose()
            except redis_errors():
                return  # a hung peer does not say goodbye; its socket is closed already

    async def _send(self, client: redis.asyncio.Redis, commands: Sequence[Sequence[Word]]) -> list[object]:
        try:
            async with asyncio.timeout(self._settings.timeout):
                pipeline = client.pipeline(transaction=False)
                for words in commands:
                    pipeline.execute_command(*words)
                replies = await pipeline.execute(raise_on_error=False)
        except Exception as error:
            self._ready = False
            failed = translated(error, self._where, self._settings.timeout)
            if failed.kind is FailureKind.EXPIRED:
                await self.close()  # the password may have been renewed at its place: it is read again
            raise failed from error
        return [self._read(reply) for reply in replies]

    def _read(self, reply: object) -> object:
        return translated(reply, self._where, self._settings.timeout) if isinstance(reply, Exception) else reply

    async def _find(self) -> None:
        """Looks the name up in the bulkhead: asyncio's own look-up runs in threads that the exit waits for."""
        host, port = self._there.host, self._there.port
        if not port or _is_number(host):
            return
        try:
            await self._bulkhead.call(partial(socket.getaddrinfo, host, port), self._settings.timeout)
        except TimeoutError as error:
            reason = f"{host}: its name was not resolved within {self._settings.timeout:g} s"
            raise Lost(FailureKind.TIMED_OUT, reason, sent=False) from error
        except (OSError, UnicodeError) as error:
            raise translated(error, self._where, self._settings.timeout) from error

    async def _open(self) -> redis.asyncio.Redis:
        if self._client is None:
            try:
                build = partial(_build, self._settings, self.address, self._there, self._login)
                self._client = await self._bulkhead.call(build, FIRST)
            except TimeoutError as error:
                raise Lost(FailureKind.TIMED_OUT, f"the client was not ready within {FIRST:g} s", sent=False) from error
            except MissingSecret as error:
                raise Refused(FailureKind.EXPIRED, str(error)) from error
        return self._client

    @property
    def _where(self) -> str:
        return str(self.address) if self.address == self._there else f"{self.address} (at {self._there})"


def blocking(settings: Settings, address: Address) -> redis.Redis:
    """A synchronous client, for a thread of its own. MissingSecret where the password is gone."""
    imported("redis.asyncio")  # the whole library
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    there = address.mapped(settings.address_map)
    place: dict[str, Any] = (
        {"unix_socket_path": there.host} if not there.port else {"host": there.host, "port": there.port}
    )
    seal = {"ssl": True, **_seal(settings)} if is_sealed(settings) else {}
    login = Login(settings.user, settings.password)
    common = _common(settings, login)
    return redis.Redis(**place, **seal, **common, retry=Retry(NoBackoff(), 0))


def _build(settings: Settings, address: Address, there: Address, login: Login) -> redis.asyncio.Redis:
    imported("redis.asyncio")
    import redis.asyncio
    from redis.asyncio.connection import UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    sealed = is_sealed(settings)
    if not there.port:
        line: dict[str, Any] = {"connection_class": UnixDomainSocketConnection, "path": there.host}
    else:
        line = {"connection_class": line_class(sealed), "host": there.host, "port": there.port}
    if sealed:
        line |= {"server_hostname": address.host, **_seal(settings)}
    pool = redis.asyncio.ConnectionPool(
        parser_class=parser_class(settings.protocol),
        retry=Retry(NoBackoff(), 0),
        max_connections=8,
        **line,
        **_common(settings, login),
    )
    client = redis.asyncio.Redis.from_pool(pool)
    client.response_callbacks.clear()
    return client


def _common(settings: Settings, login: Login) -> dict[str, Any]:
    """Typed loosely: they are redis-py's keyword arguments. The driver's name is not told: not everybody may."""
    return {
        "username": login.user or None,
        "password": login.password.reveal() if login.password else None,
        "db": database(settings),
        "protocol": settings.protocol,
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
        "driver_info": None,
    }


def _seal(settings: Settings) -> dict[str, Any]:
    return {
        "ssl_ca_certs": settings.ca_file or None,
        "ssl_certfile": settings.cert_file or None,
        "ssl_keyfile": settings.key_file or None,
        "ssl_check_hostname": settings.check_hostname,
    }


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
