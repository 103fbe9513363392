"""Every command the server knows, one module a family; each module ends with its table."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import Command
from connectors.simulator.redis.commands import (
    acl,
    admin,
    blocking,
    clients,
    configuration,
    connection,
    hashes,
    introspection,
    keys,
    list_moves,
    lists,
    objects,
    persistence,
    publishing,
    scripting,
    sets,
    stream_claims,
    stream_groups,
    stream_reads,
    streams,
    strings,
    transactions,
    zalgebra,
    zranges,
    zsets,
)

COMMANDS: Mapping[bytes, Command] = {
    **connection.TABLE,
    **clients.TABLE,
    **acl.TABLE,
    **admin.TABLE,
    **introspection.TABLE,
    **objects.TABLE,
    **configuration.TABLE,
    **keys.TABLE,
    **strings.TABLE,
    **hashes.TABLE,
    **sets.TABLE,
    **lists.TABLE,
    **persistence.TABLE,
    **stream_claims.TABLE,
    **zsets.TABLE,
    **zranges.TABLE,
    **zalgebra.TABLE,
    **streams.TABLE,
    **stream_groups.TABLE,
    **stream_reads.TABLE,
    **list_moves.TABLE,
    **blocking.TABLE,
    **transactions.TABLE,
    **publishing.TABLE,
    **scripting.TABLE,
}
