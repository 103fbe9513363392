"""What a real exporter says of a real system under load, twice, kept as the recorded reply of its preset's test.

``python -m tests.real.record_exporters NAME…`` records anew; the tests need only the files. A recording holds the
families that the preset asks for and a few beside them, as they were scraped; only addresses of this machine are put
into neutral ones.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.presets import MATCH, WINDOW, preset_named
from tests.real.prometheus import end

KEPT = Path(__file__).parents[1] / "connectors" / "presets"
FIRST, SECOND = "# --- first scrape", "# --- second scrape"
PATIENCE = 90.0  # wall seconds for a start
LARGEST = 30_000  # bytes of a recording
_FUNCTION = re.compile(r"\w+(?=\s*\()")
_NAME = re.compile(r"[a-z_:][a-z0-9_:]{3,}(?=[{\[ )]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recording:
    """``what`` ran: programs with their versions, and the load. ``beside``: names kept besides the preset's own."""

    what: str
    first: str
    second: str
    beside: str = "$^"
    scrubbed: Mapping[str, str] | None = None  # what stands in the scrapes → what is to stand there


@contextmanager
def running(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """A program in the foreground, ended with the block. Its output goes to a file of its name in the folder."""
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
        try:
            yield
        finally:
            end(process)


def scrape(url: str) -> str:
    """The exposition, once there is one; RuntimeError after ``PATIENCE``."""
    return wait_for(lambda: fetched(url), url)


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def wait_for(ask: Callable[[], str], what: str) -> str:
    """The first answer that is not empty."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if text := ask():
                return text
        except (OSError, subprocess.CalledProcessError):
            pass
        time.sleep(0.2)
    raise RuntimeError(f"no answer of {what} after {PATIENCE:g} s")


def told(*command: str) -> str:
    """What a tool prints; CalledProcessError where it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def statuses(url: str, times: int) -> list[int]:
    """Asks so many times, one after the other, and tells what was answered."""
    found = []
    for _ in range(times):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found.append(answer.status)
        except urllib.error.HTTPError as error:
            found.append(error.code)
    return found


def keep(preset: str, recording: Recording) -> Path:
    """Writes the recording beside the tests. ValueError where a family of the preset is in neither scrape."""
    names = sorted({name for signal in preset_named(preset).signals.values() for name in asked(signal.query)})
    wanted = re.compile(rf"(?:{'|'.join(names)})$|(?:{recording.beside})$")
    parts = [_scrubbed(_trimmed(text, wanted), recording) for text in (recording.first, recording.second)]
    head = [f"# Recorded: {recording.what}.", f"# By: python -m tests.real.record_exporters {preset}"]
    text = "\n".join([*head, FIRST, parts[0], SECOND, parts[1]]) + "\n"
    if len(text) > LARGEST:
        raise ValueError(f"{preset}: {len(text)} bytes are too many to keep")
    path = KEPT / f"{preset}.txt"
    path.write_text(text, encoding="utf-8")
    return path


def asked(query: str) -> set[str]:
    """The names of the metrics that a preset's query selects."""
    plain = re.sub(r"\{[^}]*\}", "{", query.replace(MATCH, "").replace(WINDOW, "1m"))
    plain = re.sub(r"\b(?:by|on|without|ignoring)\s*\([^)]*\)", " ", plain)
    return set(_NAME.findall(plain)) - set(_FUNCTION.findall(plain))


def _trimmed(text: str, wanted: re.Pattern[str]) -> str:
    lines = []
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            name = line.split()[2]
            if any(wanted.match(name + suffix) for suffix in ("", "_bucket", "_total", "_count", "_sum")):
                lines.append(line)
        elif line and not line.startswith("#") and wanted.match(re.split(r"[{ ]", line, maxsplit=1)[0]):
            lines.append(line)
    return "\n".join(lines)


def _scrubbed(text: str, recording: Recording) -> str:
    for found, neutral in (recording.scrubbed or {}).items():
        text = text.replace(found, neutral)
    return re.sub(rf"\b{re.escape(socket.gethostname())}\b", "host", text)
