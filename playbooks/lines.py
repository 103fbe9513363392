"""Lines on a disk: appended whole or not at all, durable when that returns, and one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from pathlib import Path

TRIES = 20  # of 25 ms


def open_file(path: Path) -> int:
    """A descriptor to append with; makes the file (0600) and its directory (0700). OSError when there can be none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not an ordinary file")
    if new:
        _sync_directory(path.parent)
    return descriptor


def lock(descriptor: int) -> None:
    """The writer's lock; BlockingIOError when another writer holds it.

    Tried for half a second, because whoever asks ``being_written`` holds the file for a moment.
    """
    for _ in range(TRIES):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.025)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_directory(directory: Path) -> None:
    """A new file's name is durable only once its directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cut(descriptor: int) -> tuple[tuple[bytes, ...], bool]:
    """The whole lines, and whether a torn one behind them was cut off."""
    text = b""
    while piece := os.pread(descriptor, 1 << 20, len(text)):
        text += piece
    whole, torn = split(text)
    if torn:
        os.ftruncate(descriptor, text.rfind(b"\n") + 1)
    return whole, torn


def split(text: bytes) -> tuple[tuple[bytes, ...], bool]:
    """The whole lines, and whether a torn one follows them."""
    end = text.rfind(b"\n") + 1
    return tuple(text[:end].splitlines()), end < len(text)


def write(descriptor: int, line: bytes) -> None:
    """The whole line, on the disk; otherwise nothing of it stays, so that a later line does not follow half of one."""
    status = os.fstat(descriptor)
    if status.st_nlink == 0:
        raise OSError(errno.ENOENT, "the file was deleted")
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, status.st_size)
        raise
