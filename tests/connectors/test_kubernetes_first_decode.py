"""The first answers are decoded by several threads at once; each in a fresh interpreter, as at the start."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
from connectors.kubernetes.answer import page_of
from connectors.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS
from connectors.kubernetes.store import Store

sys.setswitchinterval(1e-6)
items = {
    DEPLOYMENTS: b'{"metadata":{"name":"a"},"spec":{"selector":{}},"status":{}}',
    AUTOSCALERS: b'{"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"kind":"D","name":"a"},"maxReplicas":3}}',
}
together = threading.Barrier(8)
read = []

def work(number):
    resource, item = list(items.items())[number % 2]
    together.wait()
    page, unread = page_of(b'{"metadata":{},"items":[' + item + b']}', resource.type, "")
    store = Store(resource.type, page.items, "1")
    store.follow(b'{"type":"MODIFIED","object":' + item + b'}')
    read.append((len(store.items()), unread))

threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert read == [(1, ())] * 8, read
"""


def test_threads_may_decode_from_the_start() -> None:
    for _ in range(5):  # without the decoders made at import, more than nine in ten crashed
        subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=30)
