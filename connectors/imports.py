"""Imports of client libraries, one at a time over all threads.

Each connector imports its client in a thread of its own, at its first reading, and all read first at the same moment.
The libraries import themselves in circles and share others (`requests`, `urllib3`): of two threads that enter a circle
at two places Python gives one a module that is half made, and with it an ImportError, or says that it found a deadlock.
Seen in one of six first readings of an estate with two clusters on a busy machine.
"""

from __future__ import annotations

import threading
from importlib import import_module

LOCK = threading.Lock()


def imported(*names: str) -> None:
    """Returns when these modules are imported, whole. Call it before a library's first import in a thread.

    It costs what the import costs, once, and what others are importing meanwhile. ImportError as ``import`` has it.
    """
    with LOCK:
        for name in names:
            import_module(name)
