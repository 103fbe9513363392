"""How an application obeys Seawall's flag document. Copy it into yours; it needs redis-py and nothing else.

It polls every ten seconds and subscribes for speed, ignores what has ended, keeps the last good values while the
store is down, and writes an acknowledgement so that the operator sees who has heard.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import redis

KEY = "seawall:flags"  # a hash, and the channel on which a changed field's name is published
POLL = 10.0  # seconds


class Flags:
    """``flags.value("ttl.catalog", 60)``; a thread of its own keeps them fresh."""

    def __init__(self, client: redis.Redis, instance: str) -> None:
        self._client, self._instance = client, instance
        self._documents: dict[str, dict[str, Any]] = {}
        threading.Thread(target=self._follow, name="flags", daemon=True).start()

    def value(self, name: str, default: Any) -> Any:
        """What holds now: the value while it lasts, then what it was before, then your own default."""
        document = self._documents.get(name)
        if document is None:
            return default
        until = document.get("until")
        if until is not None and until < time.time():
            former = document.get("else")
            return default if former is None else former
        return document.get("on", document.get("value", default))

    def read(self) -> None:
        """Reads the whole document once; raises redis.RedisError and then changes nothing."""
        raw: dict[bytes, bytes] = self._client.hgetall(KEY)  # type: ignore[assignment]
        fields = {name.decode(): text for name, text in raw.items() if not name.startswith(b"mark:")}
        self._documents = {name: json.loads(text) for name, text in fields.items()}
        self._client.hset(f"{KEY}:acks", self._instance, json.dumps({"at": time.time(), "fields": len(fields)}))

    def _follow(self) -> None:
        while True:
            try:
                with self._client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(KEY)
                    while True:
                        self.read()
                        channel.get_message(timeout=POLL)
            except (redis.RedisError, ValueError):
                time.sleep(POLL)  # the store is down or the document is broken: the last good values hold
