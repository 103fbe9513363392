"""A simulated estate whose servers refuse some things, as a process of its own, and its config."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.playbooks.shop import patient

REFUSING = """\
[redis]
users = {ann = "on >canary-of-ann ~* +@read +@connection +info"}

[kubernetes]
deny = [{verb = "patch", resource = "horizontalpodautoscalers"}]
"""


@contextmanager
def refusing(directory: Path) -> Iterator[Path]:
    """Where Redis lets ``ann`` read and nobody may patch an autoscaler."""
    options, config = directory / "options.toml", directory / "seawall.toml"
    options.write_text(REFUSING)
    argv = [sys.executable, "-m", "connectors.simulator", "--with", str(options), "--config-out", str(config)]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("ready ")
            password = directory / "password"
            password.touch(mode=0o600)
            password.write_text("canary-of-ann")
            as_ann = f'[environments.demo.redis]\nuser = "ann"\npassword = "file:{password}"'
            config.write_text(patient(config.read_text()).replace("[environments.demo.redis]", as_ann))
            yield config
        finally:
            process.terminate()
            process.wait(10)
