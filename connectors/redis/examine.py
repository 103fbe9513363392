"""What ``doctor`` asks: every kind of read that a reading or a drill-down makes, and each write without doing it.

Users and their rights are each server's own, so every server is asked. About a write the server is asked by a script
that does nothing but ask (``redis.acl_check_cmd``, from 7.0): whoever may write at all may run it, where ``ACL
DRYRUN`` is seldom permitted. Before 7.0 only ``ACL GETUSER`` tells, and only of a user who may do everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors import Clock
from connectors.redis.client import Client, Word
from connectors.redis.components import flags_owner
from connectors.redis.flags import PREFIXES
from connectors.redis.fleet import Fleet, Survey
from connectors.redis.info import identity_of, version_of
from connectors.redis.node import Node
from connectors.redis.refusal import Lost, Refused
from connectors.redis.reply import pairs, text
from connectors.redis.script import SHA
from connectors.settings.redis import Settings
from console.model.component import ComponentId
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind

NO_CHECK = "no acl_check_cmd"
MAY_ALL = {"commands": "+@all", "keys": ("~*", "*")}
QUESTION = f"""
if not redis.acl_check_cmd then return '{NO_CHECK}' end
local asked = {{
  {{'HMGET', KEYS[1], 'f'}}, {{'EVALSHA', ARGV[1], '1', KEYS[1]}}, {{'HGET', KEYS[1], 'f'}},
  {{'HSET', KEYS[1], 'f', 'v'}}, {{'HDEL', KEYS[1], 'f'}}}}
local missing = {{}}
for _, words in ipairs(asked) do
  if not redis.acl_check_cmd(unpack(words)) then missing[#missing + 1] = words[1] end
end
return table.concat(missing, ', ')
"""


@dataclass(frozen=True, slots=True)
class Try:
    """``what`` a command gives; one that a newer server has may be unknown, which is no lack of permission."""

    what: str
    command: Sequence[Word]


def tries(settings: Settings) -> Sequence[Try]:
    """Each kind of read, harmless and bounded."""
    key = settings.flags_key
    found = [
        Try("INFO: every signal", ("INFO",)),
        Try("TIME: latency and the clock's skew", ("TIME",)),
        Try(f"HGETALL {key}: the flags", ("HGETALL", key)),
        Try(f"HSCAN {settings.hits_key}: hit rates by prefix", ("HSCAN", settings.hits_key, 0, "COUNT", 1)),
        Try("SLOWLOG GET: slow commands", ("SLOWLOG", "GET", 1)),
        Try("LATENCY LATEST: what took long", ("LATENCY", "LATEST")),
        Try("CLIENT LIST: who is connected", ("CLIENT", "LIST", "TYPE", "pubsub")),
        Try("SCAN: samples of keys", ("SCAN", 0, "COUNT", 1)),
        Try("DBSIZE: the size of a sample's whole", ("DBSIZE",)),
        Try("PTTL: how long keys live", ("PTTL", key)),
        Try("MEMORY USAGE: how big prefixes are", ("MEMORY", "USAGE", key)),
    ]
    if settings.nodes or settings.cluster:
        found += [
            Try("CLUSTER NODES: who has which slots", ("CLUSTER", "NODES")),
            Try("CLUSTER INFO: whether the cluster works", ("CLUSTER", "INFO")),
            Try("CLUSTER SLOTS: whom to write to", ("CLUSTER", "SLOTS")),
        ]
    return found


async def examine(
    component: ComponentId, source: str, settings: Settings, fleet: Fleet, clock: Clock, writes: tuple[Write, ...]
) -> Examination:
    """Every finding of every server. A connection that fails is one finding with its kind and advice."""
    server = settings.url or ", ".join(settings.nodes or settings.sentinels)
    try:
        survey = await fleet.survey()
    except (Refused, Lost) as failed:
        return Examination(source, server, findings=(_failed("connect", failed),))
    answering = [fleet.client(node.address) for node in survey.nodes if node.failure is None]
    reads = await _reads(answering, tries(settings))
    who = await asyncio.gather(*(_who(client, settings) for client in answering))
    owner = flags_owner(survey)
    return Examination(
        source,
        server,
        ", ".join(dict.fromkeys(filter(None, (version_of(node.info) for node in survey.nodes)))),
        identity_of(owner.info) if owner else "",
        ", ".join(dict.fromkeys(who)),
        next((node.skew for node in survey.nodes if node.skew is not None), None),
        (*_connections(survey), *reads, *[await _write(component, write, settings, fleet) for write in writes]),
    )


def _connections(survey: Survey) -> Iterable[Finding]:
    for node in survey.nodes:
        yield _connection(node)
    for problem in survey.problems:
        yield Finding("ask who leads", Grade.NO, problem)


def _connection(node: Node) -> Finding:
    if node.failure is not None:
        return _failed(f"connect to {node.address}", node.failure)
    return Finding(f"connect to {node.address}", Grade.YES, text(node.info.get("role", "")))


def _failed(what: str, failed: Refused | Lost) -> Finding:
    return Finding(what, Grade.NO, failed.reason, failed.advice, kind=failed.kind)


async def _reads(answering: Sequence[Client], asked: Sequence[Try]) -> Sequence[Finding]:
    """A finding a command, over all servers; none where nobody could be asked."""
    if not answering:
        return ()
    replies = await asyncio.gather(*(_tried(client, asked) for client in answering))
    return [
        _read(each, {str(client.address): said[index] for client, said in zip(answering, replies, strict=True)})
        for index, each in enumerate(asked)
    ]


async def _tried(client: Client, asked: Sequence[Try]) -> Sequence[object]:
    try:
        return await client.ask(*(each.command for each in asked))
    except (Refused, Lost) as failed:
        return [failed] * len(asked)


def _read(tried: Try, replies: Mapping[str, object]) -> Finding:
    bad = {where: reply for where, reply in replies.items() if isinstance(reply, Refused | Lost) and not _moved(reply)}
    if not bad:
        return Finding(tried.what, Grade.YES)
    where, first = next(iter(bad.items()))
    place = "" if len(bad) == len(replies) else f"at {where}: " if len(bad) == 1 else f"at {len(bad)} servers: "
    if isinstance(first, Refused) and first.unknown_command:
        return Finding(tried.what, Grade.NOTE, f"{place}this server does not know the command")
    return Finding(tried.what, Grade.NO, f"{place}{first.reason}", first.advice, kind=first.kind)


def _moved(reply: Refused | Lost) -> bool:
    """The server would, for a key of its own: permissions are looked at first."""
    return isinstance(reply, Refused) and reply.moved is not None


async def _who(client: Client, settings: Settings) -> str:
    try:
        reply = (await client.ask(("ACL", "WHOAMI")))[0]
    except (Refused, Lost):
        return settings.user
    return (settings.user or "default") if isinstance(reply, Refused) else text(reply)


async def _write(component: ComponentId, write: Write, settings: Settings, fleet: Fleet) -> Finding:
    what = f"set {write.fact} of {write.component}"
    if write.component != component or not write.fact.startswith(PREFIXES):
        return Finding(what, Grade.NO, f"{write.component} has no such fact here", write=write)
    try:
        client = await fleet.locate(settings.flags_key)
        reply = (await client.ask(("EVAL", QUESTION, 1, settings.flags_key, SHA)))[0]
        if isinstance(reply, bytes) and reply.decode("utf-8", "replace") == NO_CHECK:
            return await _by_user(what, write, client)
    except (Refused, Lost) as failed:
        return Finding(what, Grade.UNKNOWN, failed.reason, failed.advice, write, failed.kind)
    return _answered(what, write, settings, reply)


def _answered(what: str, write: Write, settings: Settings, reply: object) -> Finding:
    if isinstance(reply, Refused):
        return Finding(what, Grade.NO, f"scripts are refused: {reply.reason}", reply.advice, write, reply.kind)
    missing = text(reply)
    if not missing:
        return Finding(what, Grade.YES, write=write)
    reason = f"this user may not run {missing} on {settings.flags_key}"
    advice = f"ACL SETUSER … ~{settings.flags_key} +{' +'.join(missing.lower().split(', '))}"
    return Finding(what, Grade.NO, reason, advice, write, FailureKind.FORBIDDEN)


async def _by_user(what: str, write: Write, client: Client) -> Finding:
    """Of a server that cannot be asked about a command: who may do everything may do this."""
    who = (await client.ask(("ACL", "WHOAMI")))[0]
    if isinstance(who, Refused) and who.unknown_command:
        return Finding(what, Grade.YES, "this server has no ACL: whoever is let in may do everything", write=write)
    told = (await client.ask(("ACL", "GETUSER", text(who) or "default")))[0]
    if isinstance(told, Refused):
        return Finding(what, Grade.UNKNOWN, f"this server tells only by ACL GETUSER: {told.reason}", write=write)
    rights = {name.decode("utf-8", "replace"): value for name, value in pairs(told).items()}
    keys = rights.get("keys")
    every_key = text(keys[0] if isinstance(keys, list) and keys else keys) in MAY_ALL["keys"]
    if text(rights.get("commands")) == MAY_ALL["commands"] and every_key:
        return Finding(what, Grade.YES, write=write)
    return Finding(
        what, Grade.UNKNOWN, "this server does not answer about single commands (it does from 7.0)", write=write
    )
