"""The first frame needs Textual and the model: what it does not need must not delay it."""

from __future__ import annotations

import subprocess
import sys

LATER = ("redis", "kafka", "kubernetes", "prometheus_api_client", "requests", "aiohttp", "psutil", "console.session")


def test_the_app_loads_no_client_library_and_no_session() -> None:
    asked = f"import sys, console.app; print([name for name in {LATER!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_pure_panels_load_no_textual() -> None:
    pure = "panels.topology, panels.lag, panels.pods, panels.playbooks, panels.detail, panels.header, panels.run"
    asked = f"import sys, {pure}; print('textual' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
