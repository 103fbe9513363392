"""The first answers are decoded by several threads at once; each in a fresh interpreter, as at the start."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
import msgspec
from connectors.kubernetes import objects

sys.setswitchinterval(1e-6)
answers = {
    objects.Workloads: b'{"items":[{"metadata":{"name":"a"},"spec":{"selector":{}},"status":{}}]}',
    objects.Autoscalers: b'{"items":[{"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"kind":"D","name":"a"},'
                         b'"maxReplicas":3},"status":{}}]}',
}
together = threading.Barrier(8)

def work(number):
    shape, answer = list(answers.items())[number % 2]
    together.wait()
    msgspec.json.decode(answer, type=shape)

threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_decode_from_the_start() -> None:
    for _ in range(5):  # without the decoders made at import, more than nine in ten crashed
        subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=30)
