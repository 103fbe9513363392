"""CONFIG: a few settings of the real server, those that people and clients ask for."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import Call, Command, text
from connectors.simulator.redis.commands.setting_values import checked, refused
from connectors.simulator.redis.commands.subcommands import Subcommand, family, help_of
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.memory import POLICY, limit_of
from connectors.simulator.redis.protocol import OK, Failure, Reply
from connectors.simulator.redis.server import DATABASES, Server

DEFAULTS: Mapping[str, str] = {
    "maxmemory-policy": POLICY,
    "maxmemory-samples": "5",
    "save": "",
    "appendonly": "no",
    "timeout": "0",
    "tcp-keepalive": "300",
    "maxclients": "10000",
    "hz": "10",
    "lua-time-limit": "5000",
    "busy-reply-threshold": "5000",
    "slowlog-log-slower-than": "10000",
    "slowlog-max-len": "128",
    "latency-monitor-threshold": "0",
    "notify-keyspace-events": "",
    "replica-read-only": "yes",
    "replica-priority": "100",
    "cluster-require-full-coverage": "yes",
    "databases": str(DATABASES),
    "bind": "127.0.0.1",
}
FIXED = frozenset({"databases", "port", "cluster-enabled", "bind", "replicaof"})


def setting(server: Server, name: str) -> str:
    return current(server)[name]


def current(server: Server) -> dict[str, str]:
    """Every setting as CONFIG GET shows it."""
    live = {
        "port": str(server.port),
        "maxmemory": str(limit_of(server)),
        "requirepass": server.acl.password,
        "cluster-enabled": "yes" if server.mode == "cluster" else "no",
        "replicaof": " ".join(map(str, server.replication.master or ())),
    }
    return {**DEFAULTS, **live, **server.settings}


def _get(call: Call) -> Reply:
    known = current(call.server).items()
    patterns = [pattern.lower() for pattern in call.args[1:]]
    return {
        name.encode(): value.encode()
        for name, value in known
        if any(matches(pattern, name.encode()) for pattern in patterns)
    }


def _set(call: Call) -> Reply:
    if not len(call.args) % 2:
        raise Failure("ERR wrong number of arguments for 'config|set' command")
    names = [text(name.lower()) for name in call.args[1::2]]
    known = current(call.server)
    for place, name in enumerate(names):
        if name not in known:
            raise Failure(f"ERR Unknown option or number of arguments for CONFIG SET - '{name}'")
        if name in FIXED:
            raise refused(name, "can't set immutable config")
        if name in names[:place]:
            raise refused(name, "duplicate parameter")
    pairs = zip(names, map(text, call.args[2::2]), strict=True)
    changed = {name: checked(name, value) for name, value in pairs}
    if "requirepass" in changed:
        call.server.acl.require(changed["requirepass"] or None)
    call.server.settings.update(changed)
    return OK


def _reset_statistics(call: Call) -> Reply:
    call.server.reset_statistics()
    return OK


def _rewrite(call: Call) -> Reply:
    raise Failure("ERR The server is running without a config file")


CONFIG: Mapping[bytes, Subcommand] = {
    b"get": Subcommand(_get, -3),
    b"set": Subcommand(_set, -4),
    b"resetstat": Subcommand(_reset_statistics, 2),
    b"rewrite": Subcommand(_rewrite, 2),
    b"help": help_of(
        "CONFIG",
        ("GET <pattern>", "The settings whose names match."),
        ("SET <directive> <value>", "Changes settings while the server runs."),
        ("RESETSTAT", "Starts the counters of INFO again."),
        ("REWRITE", "Writes the settings back to the configuration file."),
    ),
}
TABLE: Mapping[bytes, Command] = {b"config": family("config", CONFIG, script=False)}
