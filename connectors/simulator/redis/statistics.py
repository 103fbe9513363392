"""What a server counts of its own commands since it was started or CONFIG RESETSTAT was said.

The estate's applications are no clients of this process: what they do is added from the model where INFO is made.
Time is not measured but told by the kind of command, so that two runs show the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.simulator.redis.catalog import catalog, parents
from connectors.simulator.redis.protocol import Failure, Reply

# Microseconds of a call: the order of what redis-benchmark and ``INFO commandstats`` show on an idle server.
TYPICAL = 2.0
SLOWER = {"keys": 900.0, "scan": 18.0, "info": 45.0, "hgetall": 6.0, "eval": 40.0, "evalsha": 35.0, "config|get": 12.0}
MOST_ERRORS = 128  # a script may make up words; the real server has the same bound


@dataclass(slots=True)
class Calls:
    """Of one command."""

    done: int = 0
    rejected: int = 0  # before it was executed
    failed: int = 0  # while it was


@dataclass(slots=True)
class Statistics:
    """Counters, all from 0."""

    processed: int = 0
    connections: int = 0
    calls: dict[str, Calls] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)  # by the first word of the reply
    peak_memory: int = 0  # bytes

    def of(self, command: str) -> Calls:
        return self.calls.setdefault(command, Calls())

    def executed(self, command: str, args: Sequence[bytes], reply: Reply) -> None:
        self.processed += 1
        calls = self.of(_full_name(command, args))
        calls.done += 1
        if isinstance(reply, Failure):
            calls.failed += 1
            self._count(reply)

    def refused(self, command: str | None, failure: Failure) -> None:
        """``command`` None: there is none of that name."""
        if command is not None:
            self.of(command).rejected += 1
        self._count(failure)

    def _count(self, failure: Failure) -> None:
        word = str(failure).split(" ", 1)[0]
        if word in self.errors or len(self.errors) < MOST_ERRORS:
            self.errors[word] += 1


def _full_name(command: str, args: Sequence[bytes]) -> str:
    """With its subcommand, where there is one of that name: ``config|get``."""
    if not args or command not in parents():
        return command
    full = f"{command}|{args[0].lower().decode('ascii', 'replace')}"
    return full if full in catalog() else command


def microseconds(command: str) -> float:
    """What a call of the command takes."""
    return SLOWER.get(command, TYPICAL)
