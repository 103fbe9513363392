"""Where the config is looked for, and its text."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from console.config_error import ConfigError, NoConfig

NAME = "seawall.toml"


def places() -> tuple[Path, ...]:
    """Where a config is looked for, first to last; ``$SEAWALL_CONFIG`` alone when it is set."""
    named = os.environ.get("SEAWALL_CONFIG")
    if named:
        return (Path(named),)
    return (Path(NAME), Path(platformdirs.user_config_dir("seawall")) / NAME)


def find() -> Path:
    """The config to use; NoConfig says where it was looked for and offers the demo."""
    looked = places()
    found = next((path for path in looked if path.is_file()), None)
    if found is None:
        where = " or ".join(str(path) for path in looked)
        raise NoConfig(
            f"no config: looked for {where}; try `seawall demo`, let `seawall init` write one, "
            "or name one with --config FILE"
        )
    return found


def text_of(path: Path) -> str:
    """The file's text; ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
