"""How a wire ends a connection at once, whatever is under way on it."""

from __future__ import annotations

import asyncio
from contextlib import suppress


def cut(transport: asyncio.WriteTransport) -> None:
    """Closes without sending what is still to be sent."""
    # Early releases of Python 3.11: a TLS transport that was closed twice has let go of its protocol and cannot abort.
    with suppress(AttributeError):
        transport.abort()
