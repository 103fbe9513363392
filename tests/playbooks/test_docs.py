"""What docs/playbooks.md shows is true: its playbook is read, and its application obeys."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from playbooks.reading import read
from tests.playbooks.shop import until
from tests.real.redis import start_redis

TEXT = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def test_the_playbook() -> None:
    assert read(block("yaml"), "small.yaml").name == "small"


@pytest.mark.real("redis")
def test_the_application(tmp_path: Path) -> None:
    code = block("python")
    assert len(code.splitlines()) < 80
    names: dict[str, Any] = {}
    exec(compile(code, "docs/playbooks.md", "exec"), names)
    with start_redis(tmp_path) as url, redis.Redis.from_url(url) as client:
        flags = names["Flags"](redis.Redis.from_url(url))
        assert flags.get("flag.reviews", True) is True

        def put(field: str, document: object) -> None:
            client.hset("seawall:flags", field, json.dumps(document))
            client.publish("seawall:flags", field)

        put("flag.reviews", {"on": False, "until": time.time() + 60, "else": True})
        until(lambda: flags.get("flag.reviews", True) is False)
        put("flag.reviews", {"on": False, "until": time.time() - 1, "else": None})
        until(lambda: flags.get("flag.reviews", True) is True)
        put("rate.user", {"value": 100})
        until(lambda: flags.get("rate.user", None) == 100)
        client.hset("seawall:flags", "rate.user", "not JSON")
        client.publish("seawall:flags", "rate.user")
        assert flags.get("rate.user", None) == 100
        client.hdel("seawall:flags", "rate.user")
        client.publish("seawall:flags", "rate.user")
        until(lambda: flags.get("rate.user", None) is None)
