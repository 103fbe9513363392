"""What the simulator leaves on the disk for others: a seawall.toml, shell exports, a kubeconfig.

Written whole or not at all, and readable by their owner alone: a kubeconfig holds a token.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from connectors.simulator.architecture import Architecture
from connectors.simulator.clock import SimClock
from connectors.simulator.estate import Addresses
from connectors.simulator.estate_config import KUBECONFIG, PACE_FILE, config_text
from connectors.simulator.pace import text_of
from connectors.simulator.redis.failover import NAME as WATCHED


def exports_text(addresses: Addresses, kubeconfig: Path) -> str:
    """Shell lines that point everyone's ordinary clients at the estate."""
    watched = {"REDIS_SENTINEL": addresses.sentinel} if addresses.sentinel else {}
    values: Mapping[str, str] = {
        "KUBECONFIG": str(kubeconfig),
        "REDIS_URL": addresses.redis,
        "KAFKA_BOOTSTRAP_SERVERS": ",".join(addresses.kafka),
        "PROMETHEUS_URL": addresses.prometheus,
        **watched,
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def leave(
    addresses: Addresses, architecture: Architecture, clock: SimClock, config_out: Path | None, env_out: Path | None
) -> None:
    """Writes the files that were asked for, and the kubeconfig beside the first of them. Raises OSError."""
    beside = config_out or env_out
    if beside is None:
        return
    kubeconfig = beside_of(beside, KUBECONFIG)
    write(kubeconfig, addresses.kubeconfig)
    if env_out is not None:
        write(env_out, exports_text(addresses, kubeconfig))
    if config_out is not None:
        keep_pace(clock, config_out)
        at = addresses
        text = config_text(architecture, at.prometheus, at.kafka, _redis(at), kubeconfig, clock.speed)
        write(config_out, text)


def _redis(addresses: Addresses) -> Mapping[str, object]:
    if addresses.sentinel:
        return {"sentinels": [addresses.sentinel], "master": WATCHED}
    return {"url": addresses.redis, **({"cluster": True} if addresses.clustered else {})}


def keep_pace(clock: SimClock, config_out: Path | None) -> None:
    """Writes how the clock ran beside the config that names the file. Raises OSError."""
    if config_out is not None:
        write(beside_of(config_out, PACE_FILE), text_of(clock.segments))


def beside_of(file: Path, suffix: str) -> Path:
    """The file that lies beside another under its name and a suffix more."""
    return file.absolute().with_name(f"{file.name}{suffix}")


def write(path: Path, text: str) -> None:
    """Puts ``text`` there in one step, mode 0600. Raises OSError, and then nothing has changed."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # the name that was asked for
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
