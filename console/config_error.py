"""What is wrong with a config, apart from the reader so that catching it costs no import of the reader."""

from __future__ import annotations


class ConfigError(Exception):
    """One line: the file, the line where there is one, and what was expected."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


class NoConfig(ConfigError):
    """There is no config anywhere that was looked in."""
