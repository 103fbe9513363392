"""What a call that failed means for the one who asked: the server answered with an error, or nothing came back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.failure import Failed, innermost, kind_of, one_line, unsent
from connectors.redis.address import Address, told
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from redis import exceptions as raised

OLD = "this server is older than Redis 6: set protocol = 2"
CLUSTERED = "say cluster = true, or name nodes in place of the url"
STALE = "Connection has data"  # what redis-py calls a line that the peer closed, before it opens another
SAID: Mapping[str, str] = {  # a reply's first word, and what to do about it
    "CLUSTERDOWN": "slots have no primary, or this server sees too few others: look at CLUSTER NODES on several",
    "READONLY": "it is a replica: name the primary, or the Sentinels that know it",
    "MASTERDOWN": "this replica has lost its primary and is set not to show old data",
    "OOM": "memory is full and nothing may be evicted: look at maxmemory and its policy",
    "MISCONF": "the server cannot save to its disk and refuses writes until it can",
    "NOREPLICAS": "too few replicas follow closely (min-replicas-to-write): look at replication",
}


class Refused(Failed):
    """The server answered, and its answer was an error; so what was asked for did not happen.

    ``moved``: who has the key instead; ``asking``: for this one command.
    """

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        unknown_script: bool = False,
        unknown_command: bool = False,
        advice: str = "",
        moved: Address | None = None,
        asking: bool = False,
    ) -> None:
        super().__init__(kind, reason, advice=advice)
        self.unknown_script = unknown_script
        self.unknown_command = unknown_command
        self.moved = moved
        self.asking = asking


class Lost(Failed):
    """No answer. ``sent``: the command may have reached the server all the same; ``excessive``: it was too much."""

    def __init__(
        self, kind: FailureKind, reason: str, *, sent: bool, excessive: bool = False, advice: str = ""
    ) -> None:
        super().__init__(kind, reason, advice=advice)
        self.sent = sent
        self.excessive = excessive


def translated(error: BaseException, where: str, timeout: float) -> Refused | Lost:
    """An exception of redis-py, its parser or the operating system by what it means for the one who asked."""
    from redis import exceptions as raised

    if isinstance(error, Refused | Lost):
        return error
    said = one_line(str(error))
    if isinstance(error, raised.AuthenticationError):
        return Refused(FailureKind.EXPIRED, f"not let in: {said}", advice="see user and password in the config")
    if isinstance(error, raised.NoPermissionError):
        return Refused(FailureKind.FORBIDDEN, said, advice="the user lacks a permission in the server's ACL")
    if getattr(error, "status_code", "") == "LOADING" or "max number of clients" in said:
        return Refused(FailureKind.THROTTLED, said)
    if isinstance(error, raised.ResponseError):
        return _of_reply(error, f"{error.status_code}: {said}" if error.status_code in SAID else said)
    if isinstance(error, TimeoutError | raised.TimeoutError):
        return Lost(FailureKind.TIMED_OUT, f"{where} did not answer within {timeout:g} s", sent=True)
    excessive = isinstance(error, raised.InvalidResponse)
    return Lost(kind_of(error), f"{where}: {_last_word(error)}", sent=not unsent(error), excessive=excessive)


def _of_reply(error: Exception, said: str) -> Refused:
    from redis import exceptions as raised

    moved = Address(error.host, error.port) if isinstance(error, raised.AskError) and _is_address(error) else None
    usual = OLD if "HELLO" in said else SAID.get(getattr(error, "status_code", None) or "", "")
    return Refused(
        FailureKind.PROTOCOL,
        f"the key is at {moved}, in a cluster" if moved else said,
        advice=CLUSTERED if moved else usual,
        unknown_script=isinstance(error, raised.NoScriptError),
        unknown_command="unknown command" in said or "unknown subcommand" in said.lower(),
        moved=moved,
        asking=isinstance(error, raised.AskError) and not isinstance(error, raised.MovedError),
    )


def _is_address(error: raised.AskError) -> bool:
    """Without a host, it is another port of who said so."""
    return told(error.host or "same", error.port) is not None


def _last_word(error: BaseException) -> str:
    """What the system said; where redis-py found its idle line closed and could open no other, why it could not."""
    said, link = innermost(error), error.__context__
    while said == STALE and link is not None:
        if isinstance(link, OSError):
            return one_line(os.strerror(link.errno) if link.errno else str(link))
        link = link.__context__
    return said


def redis_errors() -> tuple[type[Exception], ...]:
    """What a call may raise. Looked up when something was raised: by then the package is there."""
    from redis.exceptions import RedisError

    return OSError, RedisError
