"""Publish and subscribe: who listens now hears it, nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.glob import matches
from connectors.simulator.redis.protocol import Failure, Push, Reply
from connectors.simulator.redis.server import Call, Command, Server


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


def pubsub(call: Call) -> Reply:
    clients = call.server.clients.values()
    match [arg.lower() for arg in call.args[:1]], call.args[1:]:
        case [b"channels"], ([] | [_]) as pattern:
            known = dict.fromkeys(channel for client in clients for channel in client.channels)
            return [channel for channel in known if not pattern or matches(pattern[0], channel)]
        case [b"numsub"], channels:
            counts = {channel: sum(channel in client.channels for client in clients) for channel in channels}
            return [item for pair in counts.items() for item in pair]
        case [b"numpat"], []:
            return len({pattern for client in clients for pattern in client.patterns})
    raise Failure(f"ERR unknown subcommand '{call.args[0].decode('utf-8', 'replace')}'. Try PUBSUB HELP.")


TABLE: Mapping[bytes, Command] = {
    b"publish": Command(publish, 3),
    b"subscribe": Command(subscribe, -2, script=False),
    b"psubscribe": Command(subscribe, -2, script=False),
    b"unsubscribe": Command(unsubscribe, -1, script=False),
    b"punsubscribe": Command(unsubscribe, -1, script=False),
    b"pubsub": Command(pubsub, -2, script=False),
}
