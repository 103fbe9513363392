"""What the options before the verb said; every verb gets it as ``ctx.obj``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.config import Environment


@dataclass(frozen=True, slots=True)
class Invocation:
    config: Path | None = None
    environment: str | None = None
    mouse: bool = False
    ascii_only: bool = False

    def load(self) -> Environment:
        """The chosen environment of the config; ConfigError says what is wrong and where."""
        from console.config import load

        return load(self.config, self.environment)
