"""The simulated shop's seawall.toml. Light to import: a console draws its layers before the estate is ready."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

NOWHERE = "127.0.0.1:1"
CONFIG = "seawall.toml"
KUBECONFIG, PACE_FILE = ".kubeconfig", ".pace"  # put after the name of the file beside which they lie
PACE = 2.0  # wall seconds between two readings of what changes slowly …
UNHURRIED = 5.0  # … up to this speed; beyond it too much would happen between two of them


def config_text(prometheus: str, kafka: tuple[str, ...], redis: str, kubeconfig: Path, speed: float) -> str:
    """A seawall.toml for the simulated shop, from the addresses of its wires.

    Journals are kept beside the kubeconfig: a new estate has no past runs in force.
    """
    template = Template(files("connectors.simulator").joinpath("shop.toml").read_text(encoding="utf-8"))
    return template.substitute(
        speed=str(float(speed)),
        pace_file=_basic(str(kubeconfig.with_suffix(PACE_FILE))),
        pace=str(PACE if speed <= UNHURRIED else 1.0),
        state=_basic(str(kubeconfig.parent / "state")),
        prometheus=_basic(prometheus),
        bootstrap=", ".join(_basic(address) for address in kafka),
        redis=_basic(redis),
        kubeconfig=_basic(str(kubeconfig)),
    )


def preview(folder: Path, speed: float) -> str:
    """The same config before there is anything to connect to: the same layers, and addresses where nobody listens."""
    return config_text(f"http://{NOWHERE}", (NOWHERE,), f"redis://{NOWHERE}/0", folder / f"{CONFIG}{KUBECONFIG}", speed)


def _basic(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
