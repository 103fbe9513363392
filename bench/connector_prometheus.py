"""What a reading of forty queries takes, against the slowest of them asked alone: on a real Prometheus where there is
one, and on a server whose every query is slow.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.result import Result
from connectors.prometheus.backend import Backend
from connectors.prometheus.batches import Batches
from connectors.settings.prometheus import Settings
from console.clock import SystemClock
from tests.real.prometheus import program, prometheus

PODS, SECONDS, STEP = 60, 1800, 15  # of samples: 13 series a pod, half an hour
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
P95 = "histogram_quantile(0.95, sum by (le) (rate(took_bucket[5m])))"
SLOWEST = f"max_over_time(({P95})[20m:2s])"
EVERY = 0.1  # seconds that the slow server spends on each query
ROUNDS = 7
LEARNING = 3  # readings in which dear queries are found
QUERIES = 40


def run() -> Iterator[Result]:
    yield from _real()
    with slow_server() as url:
        together, alone = asyncio.run(_compared(url, [f"m{n}" for n in range(QUERIES)], "m0"))
    told = f"one {alone * 1000:.0f} ms"
    yield Result("prometheus: 40 queries, all slow, by one of them", together / alone, "×", 3.0, told)
    with slow_server(0.0) as url:
        together, alone = asyncio.run(_cpu(url, [f"m{n}" for n in range(QUERIES)]))
    yield Result(
        "prometheus: CPU of 40 queries, by one at a time", together / alone, "×", 0.6, f"{together * 1000:.0f} ms"
    )


def _real() -> Iterator[Result]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(filled(folder))
        pods = [f'rate(took_count{{pod="p{n}"}}[5m])' for n in range(QUERIES - 2)]
        together, alone = asyncio.run(_compared(url, [SLOWEST, P95, *pods], SLOWEST))
    told = f"the slowest alone {alone * 1000:.0f} ms"
    yield Result("prometheus: 40 queries by the slowest of them", together / alone, "×", 2.0, told)


async def _compared(url: str, exprs: Sequence[str], slowest: str) -> tuple[float, float]:
    """Least wall seconds of all, and of the slowest alone, in turns; after readings in which the dear are found.

    The least, because both wait for whatever else this machine does.
    """
    clock = SystemClock()
    backend = Backend("prometheus", Settings(url=url, timeout=10.0), clock)
    every: list[float] = []
    alone: list[float] = []
    for turn in range(ROUNDS + LEARNING):
        for taken, asked in ((every, exprs), (alone, (slowest,))):
            started = time.perf_counter()
            replies = await backend.answers(asked)
            if turn >= LEARNING:
                taken.append(time.perf_counter() - started)
            wrong = [answer.note for answer in replies.by_expr.values() if answer.value is None]
            if wrong:
                raise RuntimeError(f"{len(wrong)} of {len(asked)} queries unanswered: {wrong[0]}")
    backend.close()
    return min(every), min(alone)


async def _cpu(url: str, exprs: Sequence[str]) -> tuple[float, float]:
    """Median CPU seconds of this process for all, in batches and one at a time."""
    clock = SystemClock()
    batched, single = (Backend("prometheus", Settings(url=url), clock) for _ in range(2))
    apart = Batches(len(exprs))
    apart.part(exprs, clock.monotonic())
    single._batches = apart
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for spent, backend in zip(taken, (batched, single), strict=True):
            started = time.process_time()
            await backend.answers(exprs)
            spent.append(time.process_time() - started)
    batched.close()
    single.close()
    return statistics.median(taken[0]), statistics.median(taken[1])


@contextmanager
def filled(folder: Path) -> Iterator[str]:
    """A real Prometheus with half an hour of a histogram for each pod, up to now."""
    now = int(time.time())
    with (folder / "samples.txt").open("w") as file:
        for at in range(now - SECONDS, now + 120, STEP):
            file.writelines(f"{line} {at}\n" for line in _exposed(at - now + SECONDS))
        file.write("# EOF\n")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(folder / "samples.txt")]
    subprocess.run([*command, str(folder / "data")], check=True, capture_output=True)
    with prometheus(folder) as url:
        yield url


def _exposed(age: int) -> Iterator[str]:
    for pod in range(PODS):
        count = age * (10 + pod)
        for n, bound in enumerate(BOUNDS):
            yield f'took_bucket{{pod="p{pod}",le="{bound}"}} {count * (n + 1) // (len(BOUNDS) + 1)}'
        yield f'took_bucket{{pod="p{pod}",le="+Inf"}} {count}'
        yield f'took_count{{pod="p{pod}"}} {count}'


@contextmanager
def slow_server(each: float = EVERY) -> Iterator[str]:
    """Answers any query with a number, after so many seconds for each part of a batch: one after another."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)["query"][0]
            parts = query.count('"seawall_query"')
            time.sleep(each * max(1, parts))
            labels = [{"seawall_query": str(n)} for n in range(parts)] or [{}]
            result = [{"metric": metric, "value": [1, "5"]} for metric in labels]
            body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: its output is no result."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # connections that come at once

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
