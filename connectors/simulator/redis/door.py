"""The one door by which commands come in: found, admitted or turned away, queued or run.

A handler is a plain function from a ``Call`` to a ``Reply``; a ``Failure`` it raises is the reply. The tables of
handlers are data (``commands/``), handed to the server, so that a command is found in one dictionary and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.simulator.redis.acl_rules import Refused
from connectors.simulator.redis.call import Call, Client, Command, text
from connectors.simulator.redis.protocol import ITEM, QUEUED, Failure, Reply

if TYPE_CHECKING:
    from connectors.simulator.redis.server import Server

IN_SUBSCRIPTION = frozenset({b"subscribe", b"psubscribe", b"unsubscribe", b"punsubscribe", b"ping", b"quit", b"reset"})
UNQUEUED = frozenset({b"exec", b"discard", b"multi", b"watch", b"quit", b"reset"})


class Door:
    """Of ``server``. A connection comes by ``execute``, a script or a transaction by ``find`` and ``run``."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def execute(self, client: Client, words: list[bytes]) -> Reply:
        """The reply to one command of a client, errors included. Never raises for anything a client can send."""
        try:
            name, command = self.find(words)
            self._admit(client, name, command, words)
        except Failure as failure:
            known = words[0].lower() in self._server.commands
            self._server.statistics.refused(text(words[0].lower()) if known else None, failure)
            client.broken = client.broken or client.queue is not None
            return self._aborted(client, failure) if words[0].lower() == b"exec" else failure
        if client.queue is not None and name not in UNQUEUED:
            client.queue.append(words)
            client.queued += sum(map(len, words)) + ITEM * len(words)
            return QUEUED
        reply = self.run(client, name, command, words[1:])
        self._server.waiting.serve()
        return reply

    def _aborted(self, client: Client, failure: Failure) -> Failure:
        """EXEC itself was refused: its transaction is gone."""
        client.queue, client.broken = None, False
        client.unwatch(self._server)
        return Failure(f"EXECABORT Transaction discarded because of: {str(failure).removeprefix('ERR ')}")

    def run(self, client: Client, name: bytes, command: Command, args: list[bytes]) -> Reply:
        client.last_command = said = name.decode("ascii", "replace")
        if command.check is not None and args:
            client.last_command = f"{said}|{args[0].decode('ascii', 'replace').lower()}"
        if self._server.monitors.listeners:
            self._server.monitors.show(
                self._server.wall(), client.database, client.address if client.id else "lua", [name, *args]
            )
        reply: Reply
        try:
            reply = command.handler(Call(self._server, client, said, args))
        except Failure as failure:
            reply = failure
        self._server.statistics.executed(said, args, reply)
        if name == b"flushall" or (name == b"flushdb" and client.database == 0):
            self._server.flushes += not isinstance(reply, Failure)
        if command.write and not isinstance(reply, Failure) and self._server.replication.streaming:
            self._server.replication.wrote([name, *args])
        return reply

    def find(self, words: list[bytes]) -> tuple[bytes, Command]:
        """The command and its name in lower case; a Failure for an unknown one or a wrong number of arguments."""
        name = words[0].lower()
        command = self._server.commands.get(name)
        if command is None:
            raise Failure(f"ERR unknown command '{text(words[0][:128])}', with args beginning with: {_quoted(words)}")
        if (len(words) < -command.arity) if command.arity < 0 else (len(words) != command.arity):
            raise Failure(f"ERR wrong number of arguments for '{text(name)}' command")
        if command.check is not None:
            command.check(words)
        return name, command

    def _admit(self, client: Client, name: bytes, command: Command, words: list[bytes]) -> None:
        if not client.authenticated and not command.stranger:
            raise Failure("NOAUTH Authentication required.")
        if not command.stranger:
            where = "multi" if client.queue is not None else "toplevel"
            refused = self.refusal(client, command, words, where)
            if refused is not None:
                raise Failure(f"NOPERM this user has no permissions to {refused.sentence}")
            self.turn_away(client, command, words, where)
        if client.protocol == 2 and client.subscriptions and name not in IN_SUBSCRIPTION:
            raise Failure(
                f"ERR Can't execute '{text(name)}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET"
                " are allowed in this context"
            )

    def refusal(self, client: Client, command: Command, words: list[bytes], where: str) -> Refused | None:
        """Why the client's user may not do this, and a line in ACL LOG; ``where`` it was said. None: it may."""
        refused = self._server.acl.refusal(client.user, words, command.keys_in(words))
        if refused is not None:
            self._server.acl.log.add(refused, client.user, where, client.line(self._server), self._server.wall())
        return refused

    def turn_away(self, client: Client, command: Command, words: list[bytes], where: str) -> None:
        """A Failure where the server's role or state forbids the command: loading, a replica, another node's key."""
        for guard in self._server.guards:
            guard(client, command, words, where)


def _quoted(words: Iterable[bytes]) -> str:
    quoted = ""
    for word in list(words)[1:]:
        if len(quoted) >= 128:
            break
        quoted += f"'{text(word[: 128 - len(quoted)])}' "
    return quoted
