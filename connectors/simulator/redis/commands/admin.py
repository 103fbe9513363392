"""What people and monitors ask a server about itself: INFO, its time, its size, its part in replication."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.redis.call import Call, Command, text
from connectors.simulator.redis.info import info_text
from connectors.simulator.redis.protocol import Reply, Verbatim


def info(call: Call) -> Reply:
    return Verbatim(info_text(call.server, [text(section) for section in call.options(0)]))


def size(call: Call) -> Reply:
    return call.server.size(call.client.database)


def time_now(call: Call) -> Reply:
    microseconds = int(call.server.wall() * 1_000_000)
    return [b"%d" % (microseconds // 1_000_000), b"%d" % (microseconds % 1_000_000)]


def last_save(call: Call) -> Reply:
    return int(call.server.clock.wall(call.server.started))


def role(call: Call) -> Reply:
    return [b"master", 0, []]


TABLE: Mapping[bytes, Command] = {
    b"info": Command(info, -1),
    b"dbsize": Command(size, 1),
    b"time": Command(time_now, 1),
    b"lastsave": Command(last_save, 1),
    b"role": Command(role, 1, script=False),
}
