"""Publish and subscribe: who listens now hears it, nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import Call, Command
from connectors.simulator.redis.commands.subcommands import Subcommand, family
from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.protocol import Failure, Push, Reply
from connectors.simulator.redis.server import Server


def publish(call: Call) -> Reply:
    """Counts who hears it here; who listens at a replica or elsewhere in the cluster hears it too."""
    channel, message = call.args
    for fellow in call.server.relays():
        deliver(fellow, channel, message)
    return deliver(call.server, channel, message)


def deliver(server: Server, channel: bytes, message: bytes) -> int:
    """To the listeners of one server; how many there were."""
    heard = 0
    for client in list(server.clients.values()):
        if channel in client.channels:
            client.push(Push((b"message", channel, message)))
            heard += 1
        for pattern in client.patterns:
            if matches(pattern, channel):
                client.push(Push((b"pmessage", pattern, channel, message)))
                heard += 1
    return heard


def subscribe(call: Call) -> Reply:
    """One message a channel; the last one is the reply."""
    chosen = call.client.patterns if call.name == "psubscribe" else call.client.channels
    replies = []
    for channel in call.args:
        chosen[channel] = None
        replies.append(Push((call.name.encode(), channel, call.client.subscriptions)))
    return _all_but_last(call, replies)


def unsubscribe(call: Call) -> Reply:
    """Without arguments from every channel; one message a channel, or one that names none."""
    chosen = call.client.patterns if call.name == "punsubscribe" else call.client.channels
    replies = []
    for channel in call.args or list(chosen):
        chosen.pop(channel, None)
        replies.append(Push((call.name.encode(), channel, call.client.subscriptions)))
    return _all_but_last(call, replies or [Push((call.name.encode(), None, call.client.subscriptions))])


def _all_but_last(call: Call, replies: list[Push]) -> Reply:
    for reply in replies[:-1]:
        call.client.push(reply)
    return replies[-1]


def _channels(call: Call) -> Reply:
    if len(call.args) > 2:
        raise Failure("ERR wrong number of arguments for 'pubsub|channels' command")
    known = dict.fromkeys(channel for client in call.server.clients.values() for channel in client.channels)
    return [channel for channel in known if len(call.args) == 1 or matches(call.args[1], channel)]


def _subscribers(call: Call) -> Reply:
    clients = call.server.clients.values()
    return [
        part for channel in call.args[1:] for part in (channel, sum(channel in client.channels for client in clients))
    ]


def _patterns(call: Call) -> Reply:
    return len({pattern for client in call.server.clients.values() for pattern in client.patterns})


PUBSUB: Mapping[bytes, Subcommand] = {
    b"channels": Subcommand(_channels, -2),
    b"numsub": Subcommand(_subscribers, -2),
    b"numpat": Subcommand(_patterns, 2),
}
TABLE: Mapping[bytes, Command] = {
    b"publish": Command(publish, 3),
    b"subscribe": Command(subscribe, -2, script=False),
    b"psubscribe": Command(subscribe, -2, script=False),
    b"unsubscribe": Command(unsubscribe, -1, script=False),
    b"punsubscribe": Command(unsubscribe, -1, script=False),
    b"pubsub": family("pubsub", PUBSUB, script=False),
}
