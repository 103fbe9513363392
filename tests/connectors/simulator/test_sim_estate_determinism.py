"""Two processes that live the same life to the byte: same seed, same deeds over the wires at the same simulated times.

One of them is paused on the way and runs at other speeds, looks at its clock in longer steps, and has its strings
hashed in another order. None of that may be seen in what ``/metrics`` says, but for the time in the world at which
something was made, which a pause does put off.
"""

from __future__ import annotations

import os
import subprocess
import sys

WORLDS = ("kube_pod_start_time", "kube_pod_created", "container_start_time_seconds", "node_time_seconds")
LIFE = """
import asyncio, json, sys
import aiohttp
from redis.asyncio import Redis
from connectors.simulator.commands import obey
from connectors.simulator.estate import Estate

FLAGS = "seawall:flags"
SCALER = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api"
WORKERS = "/apis/apps/v1/namespaces/shop/deployments/workers"
hurried = sys.argv[1] == "hurried"
wall = [1_800_000_000.0]

def until(estate, t):
    while estate.tick.t < t:
        step = min(7, t - estate.tick.t) if hurried else 1
        wall[0] += step / estate.clock.speed
        estate.advance()
    assert estate.tick.t == t

async def patch(http, at, estate, path, body):
    headers = {"Authorization": f"Bearer {estate.kubernetes.token}", "Content-Type": "application/merge-patch+json"}
    async with http.patch(f"{at.kubernetes}{path}", data=json.dumps(body), headers=headers) as answer:
        assert answer.status == 200, await answer.text()

async def main():
    estate = Estate("viral-spike", seed=11, wall=lambda: wall[0])
    at = await estate.start()
    redis = Redis.from_url(at.redis)
    async with aiohttp.ClientSession() as http:
        until(estate, 70)
        await redis.hset(FLAGS, "ttl.catalog", json.dumps({"value": 600}))
        await redis.hset(FLAGS, "flag.reviews", json.dumps({"on": False}))
        if hurried:
            await obey(estate, "pause")
            wall[0] += 1000
            assert estate.advance() == 0
            await obey(estate, "resume")
            await obey(estate, "speed 8")
        until(estate, 100)
        await patch(http, at, estate, SCALER, {"spec": {"minReplicas": 12, "maxReplicas": 40}})
        await patch(http, at, estate, WORKERS, {"spec": {"replicas": 0}})
        until(estate, 170)
        if hurried:
            await obey(estate, "speed 0.5")
        await obey(estate, "broker 2 lose")
        await redis.hset(FLAGS, "rate.user", json.dumps({"value": 100}))
        until(estate, 260)
        async with http.get(f"{at.prometheus}/metrics") as answer:
            text = await answer.text()
    await redis.aclose()
    await estate.stop()
    assert estate.levers().user_rate == 100.0 and estate.levers().pods_of("workers").desired == 0
    sys.stdout.write(text)

asyncio.run(main())
"""


def test_the_same_deeds_at_the_same_simulated_times_tell_the_same_metrics_to_the_byte() -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-c", LIFE, how],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for how, seed in (("calmly", "1"), ("hurried", "2"))
    ]
    assert "kube_pod_status_ready" in pages[0]
    assert "redis_uptime_in_seconds" in pages[0]
    first, second = ([line for line in page.splitlines() if not line.startswith(WORLDS)] for page in pages)
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == []
