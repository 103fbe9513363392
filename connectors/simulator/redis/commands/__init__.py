"""Every command the server knows, one module a family; each module ends with its table."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.commands import (
    admin,
    clients,
    configuration,
    connection,
    hashes,
    keys,
    lists,
    publishing,
    scripting,
    sets,
    strings,
    transactions,
)
from connectors.simulator.redis.server import Command

COMMANDS: Mapping[bytes, Command] = {
    **connection.TABLE,
    **clients.TABLE,
    **admin.TABLE,
    **configuration.TABLE,
    **keys.TABLE,
    **strings.TABLE,
    **hashes.TABLE,
    **sets.TABLE,
    **lists.TABLE,
    **transactions.TABLE,
    **publishing.TABLE,
    **scripting.TABLE,
}
