"""Client libraries are imported by one thread at a time: they import in circles, and all connectors begin at once."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from connectors.imports import imported

REPO = Path(__file__).parents[2]

# What each half of a circle does: it begins, waits until the other has begun (or nobody comes), and wants the other.
HALF = """
import threading
import meeting
try:
    meeting.both.wait(1)
except threading.BrokenBarrierError:
    pass
from circle.{other} import name_{other}
name_{own} = 1
"""

EVERYONE = """
import asyncio, json, sys
from pathlib import Path
from connectors.imports import LOCK
CLIENTS = ("kubernetes", "kafka", "redis", "prometheus_api_client", "requests", "urllib3", "dns", "psutil")
seen, alone = [], []
class Watching:
    def find_spec(self, name, path=None, target=None):
        if name in CLIENTS:
            seen.append(name)
            if not LOCK.locked():
                alone.append(name)
        return None
sys.meta_path.insert(0, Watching())
from console.clock import SystemClock
from console.config import load
from console.session import Session
async def main():
    session = Session(load(Path(sys.argv[1])), SystemClock())
    try:
        await session.read_now()
    finally:
        await session.stop()
asyncio.run(main())
print(json.dumps({"seen": sorted(set(seen)), "alone": sorted(set(alone))}))
"""
ESTATE = """\
[environments.test.prometheus]
url = "http://127.0.0.1:1"

[environments.test.kafka]
bootstrap = ["127.0.0.1:1"]
connect = ["http://127.0.0.1:1"]

[environments.test.kafka-tokens]
bootstrap = ["127.0.0.1:1"]
mechanism = "OAUTHBEARER"
token_url = "http://127.0.0.1:1/token"
client_id = "seawall"
client_secret = "env:SEAWALL_TEST_SECRET"

[environments.test.redis]
url = "redis://127.0.0.1:1/0"

[environments.test.kubernetes]
kubeconfig = "{kubeconfig}"

[environments.test.probe.checks.name]
dns = "shop.example"
server = "127.0.0.1:1"

[environments.test.probe.checks.page]
http = "http://127.0.0.1:1/"

[environments.test.host]

[[components]]
alias = "console"
layer = "console"
id = "host/local"
"""
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "one",
    "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
    "clusters": [{"name": "one", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "one", "user": {}}],
}


def test_two_threads_in_a_circle_both_get_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "__init__.py").touch()
    (tmp_path / "circle" / "a.py").write_text("name_a = 1\n" + HALF.format(own="a", other="b"))
    (tmp_path / "circle" / "b.py").write_text(HALF.format(own="b", other="a"))
    (tmp_path / "meeting.py").write_text("import threading\nboth = threading.Barrier(2)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    both: threading.Barrier = importlib.import_module("meeting").both
    failed: list[BaseException] = []

    def enter(name: str) -> None:
        try:
            imported(name)
        except (ImportError, RuntimeError) as error:
            failed.append(error)

    first, second = (threading.Thread(target=enter, args=(f"circle.{half}",)) for half in "ab")
    first.start()
    late = time.monotonic() + 10
    while not both.n_waiting and time.monotonic() < late:
        threading.Event().wait(0.001)
    second.start()
    first.join()
    second.join()
    assert failed == []
    assert importlib.import_module("circle.b").name_b == 1


def test_no_connector_imports_a_client_by_itself(tmp_path: Path) -> None:
    kubeconfig, config = tmp_path / "kubeconfig", tmp_path / "seawall.toml"
    kubeconfig.write_text(json.dumps(KUBECONFIG))
    config.write_text(ESTATE.format(kubeconfig=kubeconfig))
    done = subprocess.run(
        [sys.executable, "-c", EVERYONE, str(config)],
        capture_output=True, text=True, timeout=60, cwd=REPO, env={"PATH": "", "SEAWALL_TEST_SECRET": "canary"},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["alone"] == []
    assert {"kubernetes", "kafka", "redis", "prometheus_api_client", "dns", "psutil"} <= set(found["seen"])
