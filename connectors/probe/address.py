"""``host:port`` as people write it."""

from __future__ import annotations


def split(text: str, default: int | None = None) -> tuple[str, int]:
    """Host and port of ``host:port``, ``[::1]:port`` or, with a ``default`` port, the host alone; ValueError."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f'"{text}" is not like "[::1]:443"')
    else:
        host, _, port = text.partition(":")
    if not host or (not port and default is None) or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        raise ValueError(f'"{text}" is not like "host:443"')
    return host, int(port) if port else default or 0
