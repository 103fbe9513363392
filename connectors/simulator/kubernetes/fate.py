"""What becomes of a container, read off its own specification, so that anyone can write one that fails.

There are no images here: one that names the tag or digest ``broken`` cannot be pulled; ``CRASH=1`` in the environment
ends the process soon after its start; a shell command with ``sleep N`` or ``exit N`` does what it says. What else is
told to run runs for ever, and a Job's for ten seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.simulator.kubernetes.objects import Object, dig

JOB_SECONDS = 10
CRASH_SECONDS = 2
_BROKEN = ":broken"
_SLEEP = re.compile(r"\bsleep (\d{1,6})\b")
_EXIT = re.compile(r"\bexit (\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Fate:
    """``seconds`` it runs, None for ever; ``code`` it ends with."""

    seconds: int | None = None
    code: int = 0


def can_be_pulled(pod: Object) -> bool:
    """False for an image that its registry does not have."""
    return not any(_BROKEN in str(item.get("image", "")) for item in pod["spec"]["containers"])


def fate_of(pod: Object) -> Fate:
    """How its process ends; that of the first container stands for all of them."""
    container = pod["spec"]["containers"][0]
    if any(item.get("name") == "CRASH" and item.get("value") == "1" for item in container.get("env", [])):
        return Fate(CRASH_SECONDS, 1)
    words = " ".join(map(str, [*container.get("command", []), *container.get("args", [])]))
    sleeps, code = _SLEEP.search(words), _EXIT.search(words)
    if sleeps or code:
        return Fate(int(sleeps.group(1)) if sleeps else CRASH_SECONDS, int(code.group(1)) % 256 if code else 0)
    once = dig(pod, "spec", "restartPolicy", default="Always") != "Always"
    return Fate(JOB_SECONDS, 0) if once else Fate()
