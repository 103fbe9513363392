"""MONITOR: every command as it is executed, to those who asked to see them, but for what administrators send."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.redis.catalog import catalog, full_name
from connectors.simulator.redis.protocol import Status

HIDDEN = frozenset({"admin"})
SECRET = frozenset({"auth"})
_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b"}


class Monitors:
    """Those who watch, by the number of their connection."""

    def __init__(self) -> None:
        self.listeners: dict[int, Callable[[Status], None]] = {}

    def show(self, now: float, database: int, address: str, words: list[bytes]) -> None:
        """Tells them of a command; ``now`` is in epoch seconds."""
        name = full_name(words)
        fact = catalog().get(name)
        if name == "reset" or (fact is not None and HIDDEN.intersection(fact.flags)):
            return  # who resets its connection watches no more
        shown = [words[0], *([b"(redacted)"] if name in SECRET else words[1:])]
        line = Status(f"{now:.6f} [{database} {address}] {' '.join(map(quoted, shown))}")
        for tell in list(self.listeners.values()):
            tell(line)


def quoted(raw: bytes) -> str:
    """In double quotes, with what cannot be shown escaped."""
    return '"' + "".join(map(_character, raw)) + '"'


def _character(byte: int) -> str:
    return _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
