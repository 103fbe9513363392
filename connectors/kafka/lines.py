"""One connection to each broker, all on one event loop in a thread of its own. Imported in a worker thread only.

The client library's connection manager resolves names on its loop, gives a TLS handshake no end, takes the first
broker's protocol versions for everybody's, and retries by itself: one sick broker costs the others. Here its
connections are used without it. A name is resolved in the thread that asks. Every connection negotiates for itself.
An attempt to connect has its own time, and goes on when the one who asked for it gives up: where the way is long, it
is there at the next reading.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from kafka.future import Future
from kafka.net.connection import KafkaConnection
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from connectors.address import mapped, split
from connectors.failure import kind_of
from connectors.kafka.failure import failed, translated
from connectors.kafka.unread import Answer, Unread
from connectors.kafka.way import Way
from console.model.snapshot import FailureKind

T = TypeVar("T")
AddressInfo = Any  # one of those that socket.getaddrinfo answers

CLIENT_ID = "seawall"
LARGEST = 64 * 2**20  # bytes of one answer; the cluster's picture takes about 60 a partition
IN_FLIGHT = 64  # requests that one connection may be waiting for
WANTS_CERTIFICATE = "hung up right after the TLS handshake, as one does that wants another certificate of the client"
MARGIN = 0.005  # wall seconds after a broker's pause, so that the connection is out of it, too
_SOCKET = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))


@dataclass(slots=True)
class _Line:
    place: str  # host:port that it leads to
    connection: Any
    secured: bool = False  # the TLS handshake is done
    free_at: float = 0.0  # monotonic; until then the broker wants to be left alone


class Lines:
    """Thread-safe. ``asked`` counts the requests sent, without those that a connection begins with."""

    def __init__(self, way: Way, seconds: float) -> None:
        """``seconds`` of wall time that an attempt to connect may take, or an answer, before the line is given up."""
        self._way = way
        self.patience = seconds
        self._net = NetworkSelector(client_id=CLIENT_ID, slow_task_threshold_secs=0)
        self._net.start()
        self._lines: dict[int, _Line] = {}
        self.asked = 0

    def talk(
        self, broker: int, address: str, seconds: float, work: Callable[..., Coroutine[Any, Any, T]], *arguments: object
    ) -> T:
        """``work(ask, *arguments)`` on the loop. Raises Failed and nothing else of the wire's; blocks for the name."""
        until = time.monotonic() + seconds
        place = mapped(address, self._way.address_map)
        try:
            infos = () if self._stands(broker, place) else _resolved(place)
            host = self._way.server_name or split(address)[0]
            return cast(T, self._net.run(self._talk, broker, place, host, infos, until, work, arguments))
        except Exception as error:  # whatever a stranger's bytes made of the client's own loop
            raise translated(error, place) from error

    def hang_up(self, broker: int) -> None:
        self._net.run(self._hang_up, broker)

    def close(self) -> None:
        """Ends every connection and the loop. May take long: not for asyncio's thread."""
        if self._net._exception is None and not self._net._closed:
            self._net.call_soon_threadsafe(self._hang_up_all)
        self._net.close()

    async def before(self, future: Any, until: float) -> Any:
        """Waits for it until then, and lets it go on. KafkaTimeoutError. On the loop."""
        gate = Future()

        def success(value: object) -> None:
            if not gate.is_done:
                gate.success(value)

        def failure(error: Exception) -> None:
            if not gate.is_done:
                gate.failure(error)

        def late() -> None:
            failure(KafkaTimeoutError())

        future.add_callback(success)
        future.add_errback(failure)
        timer = self._net.call_at(until, late)
        try:
            return await gate
        finally:
            self._net.cancel(timer)

    def _stands(self, broker: int, place: str) -> bool:
        line = self._lines.get(broker)
        return line is not None and line.place == place and not line.connection.closed

    async def _talk(
        self,
        broker: int,
        place: str,
        host: str,
        infos: Sequence[AddressInfo],
        until: float,
        work: Callable[..., Awaitable[T]],
        arguments: tuple[object, ...],
    ) -> T:
        if not self._stands(broker, place):
            self._dial(broker, place, host, infos)
        line = self._lines[broker]
        try:
            await self.before(line.connection.init_future, until)
        except KafkaConnectionError as error:
            if line.secured and line.connection.broker_version_data is None and kind_of(error) is not FailureKind.TLS:
                raise failed(FailureKind.TLS, WANTS_CERTIFICATE) from error
            raise
        return await work(Ask(self, line, until), *arguments)

    def _dial(self, broker: int, place: str, host: str, infos: Sequence[AddressInfo]) -> None:
        if not infos:
            raise failed(FailureKind.REFUSED, "the connection has just ended")
        if broker in self._lines:
            self._lines[broker].connection.close()
        line = _Line(place, KafkaConnection(self._net, node_id=broker, **self._options()))
        self._lines[broker] = line
        self._net.call_soon(self._connect(line, host, infos))

    def _options(self) -> dict[str, object]:
        return {
            "client_id": CLIENT_ID,
            "client_software_name": CLIENT_ID,
            "client_software_version": "1",
            "max_in_flight_requests_per_connection": IN_FLIGHT,
            "receive_message_max_bytes": LARGEST,
            **self._way.options,
        }

    async def _connect(self, line: _Line, host: str, infos: Sequence[AddressInfo]) -> None:
        until = time.monotonic() + self.patience
        connection, transport = line.connection, None
        try:
            transport = await self._transport(host, infos, until)
            line.secured = self._way.tls is not None
            connection.connection_made(transport)
            transport = None  # the connection's own from now on
            await connection.initialize(timeout_at=until)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for the connection are told
            connection.connection_lost(error)
        finally:
            if transport is not None:
                transport.close()

    async def _transport(self, host: str, infos: Sequence[AddressInfo], until: float) -> Any:
        sock = await self._first(infos, until)
        if self._way.tls is None:
            return _Plain(self._net, sock, host=host)
        try:
            secured = _Secured(self._net, sock, host=host, ssl_context=self._way.tls)
        except (OSError, ValueError):
            sock.close()
            raise
        secured.until = until
        try:
            await secured.handshake()
        except BaseException:  # also where the loop ends: nobody else knows of it yet
            secured.close()
            raise
        return secured

    async def _first(self, infos: Sequence[AddressInfo], until: float) -> socket.socket:
        """A connection to the first of a name's addresses that takes one; each has its share of the time."""
        for number, info in enumerate(infos, 1):
            now = time.monotonic()
            last = number == len(infos)
            try:
                return await self._connected(info, until if last else now + (until - now) / (len(infos) - number + 1))
            except (OSError, KafkaTimeoutError):
                if last:
                    raise
        raise failed(FailureKind.NAME, "no address")

    async def _connected(self, info: AddressInfo, until: float) -> socket.socket:
        family, kind, protocol, _, address = info
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            for option in _SOCKET:
                sock.setsockopt(*option)
            code = sock.connect_ex(address)
            if code == errno.EINPROGRESS:
                await self._net.wait_write(sock, timeout_at=until)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:  # also where the loop ends
            sock.close()
            raise
        return sock

    def _hang_up(self, broker: int) -> None:
        line = self._lines.pop(broker, None)
        if line is not None:
            line.connection.close()

    def _hang_up_all(self) -> None:
        for broker in tuple(self._lines):
            self._hang_up(broker)


class Ask:
    """Sends requests to one broker, within what is left of the time."""

    def __init__(self, lines: Lines, line: _Line, until: float) -> None:
        self._lines = lines
        self._line = line
        self._until = until

    async def __call__(self, request: Any) -> Any:
        return (await self.bare(request)).read()

    async def bare(self, request: Any) -> Answer:
        """The answer as it came."""
        return (await self.all(request))[0]

    async def all(self, *requests: Any) -> list[Answer]:
        """Sent one right after the other: the broker takes them in this order and so answers. At most IN_FLIGHT."""
        await self._patiently()
        self._lines.asked += len(requests)
        # The library ends a connection with the first request on it that is late. So that one which nobody waits for
        # any more does not take the next ones with it, a broker has all the time that it takes to call it dead.
        milliseconds = int(self._lines.patience * 1000)
        unread = [request if isinstance(request, Unread) else Unread(request) for request in requests]
        sent = [self._line.connection.send_request(request, request_timeout_ms=milliseconds) for request in unread]
        return [self._noted(await self._lines.before(future, self._until)) for future in sent]

    @property
    def versions(self) -> dict[int, tuple[int, int]]:
        """Oldest and newest version of each API that this broker speaks, by the API's number."""
        return dict(self._line.connection.broker_version_data.api_versions)

    @property
    def release(self) -> tuple[int, ...]:
        """The release of Apache Kafka whose APIs are most like this broker's."""
        return tuple(self._line.connection.broker_version)

    def offers(self, request: Any, version: int = 0) -> bool:
        """Whether the broker takes this request in this version or a later one."""
        return self.versions.get(request.API_KEY, (0, -1))[1] >= version

    async def _patiently(self) -> None:
        """Leaves a broker alone that wants it, where there is time for it. Else Failed, with the seconds to wait."""
        wait = self._line.free_at - time.monotonic()
        if wait <= 0:
            return
        if time.monotonic() + wait >= self._until:
            raise failed(FailureKind.THROTTLED, f"asks us to wait {wait:.1f}s", retry_after=wait)
        await self._lines._net.sleep(wait + MARGIN)

    def _noted(self, answer: Answer) -> Answer:
        self._line.free_at = max(self._line.free_at, time.monotonic() + answer.throttle_time_ms / 1000)
        return answer


class _Plain(KafkaTCPTransport):  # type: ignore[misc]
    """Takes in what a peer has said before it hung up: the library's own drops it, and with it why nobody is let in."""

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        return _data_first(*super()._sock_recv())


class _Secured(KafkaSSLTransport):  # type: ignore[misc]
    """The same over TLS, with a handshake that ends: the library's own waits for as long as the peer likes."""

    until = 0.0

    async def handshake(self) -> None:
        while True:
            try:
                return cast(None, self._sock.do_handshake())
            except ssl.SSLWantReadError:
                await self._net.wait_read(self._sock, timeout_at=self.until)
            except ssl.SSLWantWriteError:
                await self._net.wait_write(self._sock, timeout_at=self.until)

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        return _data_first(*super()._sock_recv())


def _data_first(data: bytes, error: Exception | None) -> tuple[bytes, Exception | None]:
    """The end is met again at the next look."""
    return (data, None) if data else (data, error)


def _resolved(place: str) -> Sequence[AddressInfo]:
    host, port = split(place)
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
