"""What a verb costs before it does anything, beside a bare interpreter in the same run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from bench.result import Result, seconds


def run() -> Iterator[Result]:
    bare = _run("-c", "pass")
    textual = _run("-c", "import textual.app")
    help_page = _run("-m", "console.cli", "--help")
    config = _run("-c", "import console.config, console.session")
    yield Result("seawall --help: of a bare interpreter", help_page / bare, "x", 12, f"bare {bare * 1000:.0f} ms")
    yield Result("config and session: of importing Textual", config / textual, "x", 1.0, f"{textual * 1000:.0f} ms")


def _run(*arguments: str) -> float:
    command = [sys.executable, *arguments]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True), 7)
