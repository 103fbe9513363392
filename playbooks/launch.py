"""Starting a runner and asking it to stop: it is a process of its own and the leader of its own session.

So a lost terminal, a closed console or Ctrl-C does not reach it. It is asked to stop by a file beside its journal,
which works from any terminal of the machine and names no process id that may have been given to another.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playbooks.approval import approve, save
from playbooks.exits import Exit, Refused
from playbooks.journal import being_written, path_of, refuse_at_work
from playbooks.plan import Plan, Purpose


class Place(Protocol):
    """What a runner must know of the environment; ``console.config.Environment`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> Path:
        """The config file."""
        ...

    @property
    def state(self) -> Path:
        """The directory of journals."""
        ...


@dataclass(frozen=True, slots=True)
class Launched:
    """A runner that was started. ``process`` is the child, for whoever waits for it."""

    run: str
    journal: Path
    process: subprocess.Popen[bytes]


def start(environment: Place, plan: Plan, undo_on_stop: bool = False, run: str = "") -> Launched:
    """Hands an approved plan to a runner of its own. Refused 13 while one is at work on that run, 16 for a bad disk.

    ``undo_on_stop``: a stop request undoes what is in force by then, instead of keeping it.
    """
    run = plan.run if plan.purpose is Purpose.UNDO else run or new_run(plan.name, time.time())
    journal = path_of(environment.state, run)
    refuse_at_work(journal)
    file = approval_file(journal, plan.purpose)
    try:
        save(approve(plan, run, undo_on_stop), file)
        stop_file(journal).unlink(missing_ok=True)
        process = _spawn(environment, file, journal.with_suffix(".log"))
    except OSError as error:
        raise Refused(Exit.UNREACHABLE, f"{journal}: {error.strerror}") from error
    return Launched(run, journal, process)


def stop(environment: Place, run: str) -> bool:
    """Asks the runner to stop; it finishes the write it is in. False when no runner is at work on this run.

    Refused 16 when the request cannot be written.
    """
    journal = path_of(environment.state, run)
    if not being_written(journal) and not _starting(journal):
        return False
    try:
        stop_file(journal).touch(mode=0o600)
    except OSError as error:
        raise Refused(Exit.UNREACHABLE, f"{stop_file(journal)}: {error.strerror}") from error
    return True


def stop_ours(environment: Place, launched: Launched) -> None:
    """As ``stop``, for a runner that this process started: where no file can be written, by a signal to the child."""
    try:
        stop(environment, launched.run)
    except Refused:
        launched.process.terminate()


def _starting(journal: Path) -> bool:
    """Whether a runner was started that has not written a line yet: what it is to do is newer than the journal."""
    approvals = [path for path in (approval_file(journal, each) for each in Purpose) if path.exists()]
    last = journal.stat().st_mtime if journal.exists() else 0.0
    return any(path.stat().st_mtime > last for path in approvals)


def approval_file(journal: Path, purpose: Purpose) -> Path:
    """What a runner is given to do."""
    return journal.with_suffix(f".{purpose.value}.json")


def stop_file(journal: Path) -> Path:
    """Its being there is the request."""
    return journal.with_suffix(".stop")


def new_run(name: str, wall: float) -> str:
    """An id that sorts by time: ``20261122T140207Z-viral-spike-7f3a``."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(wall))}-{name}-{secrets.token_hex(2)}"


def actor() -> str:
    """Who runs this program, and from where: ``anna@bastion pid 4711 from 10.0.0.7``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{user}@{socket.gethostname()} pid {os.getpid()}" + (f" from {origin}" if origin else "")


def _spawn(environment: Place, file: Path, log: Path) -> subprocess.Popen[bytes]:
    options = ["--config", str(environment.path), "--environment", environment.name]
    argv = [sys.executable, "-m", "console.cli", *options, "playbook", "execute", "--plan", str(file)]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, start_new_session=True
        )
    finally:
        os.close(descriptor)
