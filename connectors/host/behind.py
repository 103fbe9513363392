"""The command behind each number of this machine, for whoever wants to see it without the console."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def behind(signal: str, disk: str) -> str:
    """A shell command of Linux; "" for a signal that this machine does not have."""
    return {**_COMMANDS, "disk": f"df {shlex.quote(disk)}"}.get(signal, "")


_COMMANDS: Mapping[str, str] = {
    "load": "uptime",
    "memory": "free",
    "clock_set": "grep btime /proc/stat",
    "console_cpu": "top -p $(pgrep -d, -f seawall)",
    "console_memory": "ps -o rss= -p $(pgrep -d, -f seawall)",
    "open_files": "ls /proc/$(pgrep -o -f seawall)/fd | wc -l",
    "open_files_ratio": "grep 'open files' /proc/$(pgrep -o -f seawall)/limits",
    "received": "cat /proc/net/dev",
    "sent": "cat /proc/net/dev",
    "skew": "curl -sI URL | grep -i ^date; date -u",
}
