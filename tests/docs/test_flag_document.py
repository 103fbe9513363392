"""The helper that applications copy obeys the document, on the simulated estate and on a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from docs.flag_document import KEY, Flags
from tests.playbooks.shop import shop
from tests.real.redis import start_redis


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("redis"))])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[redis.Redis]:
    if request.param == "real":
        with start_redis(tmp_path) as url, redis.Redis.from_url(url) as opened:
            yield opened
    else:
        with shop(tmp_path, "calm", 1.0) as estate, redis.Redis.from_url(estate.addresses["redis"]) as opened:
            yield opened


def listening(client: redis.Redis, instance: str) -> Flags:
    """The helper on a connection of its own, as an application has it; it ends with the process."""
    where = client.connection_pool.connection_kwargs
    return Flags(redis.Redis(where["host"], where["port"]), instance)


def put(client: redis.Redis, name: str, **document: object) -> None:
    client.hset(KEY, name, json.dumps(document))
    client.publish(KEY, name)


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true within five seconds; the helper's own poll is every ten, so it was told."""
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        pass
    return condition()


def test_an_application_obeys_what_holds_and_forgets_what_has_ended(client: redis.Redis) -> None:
    put(client, "ttl.catalog", value=600, until=time.time() + 60, **{"else": 60})
    put(client, "flag.reviews", on=False)
    put(client, "flag.read_only", on=True, until=time.time() - 1, **{"else": False})
    put(client, "rate.user", value=100, until=time.time() - 1, **{"else": None})
    flags = listening(client, "test-1")
    flags.read()
    assert flags.value("ttl.catalog", 30) == 600
    assert flags.value("flag.reviews", True) is False
    assert flags.value("flag.read_only", False) is False
    assert flags.value("rate.user", None) is None
    assert flags.value("flag.unknown", True) is True
    assert json.loads(client.hget(f"{KEY}:acks", "test-1") or b"{}")["fields"] >= 4


def test_a_change_is_heard_before_the_next_poll(client: redis.Redis) -> None:
    flags = listening(client, "test-2")
    assert soon(lambda: bool(client.pubsub_numsub(KEY)[0][1]))
    put(client, "flag.reviews", on=False)
    assert soon(lambda: flags.value("flag.reviews", True) is False)


def test_the_last_good_values_hold_while_the_document_is_broken(client: redis.Redis) -> None:
    put(client, "ttl.catalog", value=600)
    flags = listening(client, "test-3")
    flags.read()
    client.hset(KEY, "ttl.catalog", "not json")
    with pytest.raises(ValueError, match="Expecting value"):
        flags.read()
    assert flags.value("ttl.catalog", 60) == 600
