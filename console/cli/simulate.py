"""``seawall simulate``: the estate alone, for anyone's ordinary clients and for tests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connectors.simulator.serve import Order


@click.command()
@click.argument("scenario", default="calm")
@click.option("--seed", default=0, show_default=True, help="The same seed and the same actions give the same numbers.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds per second.")
@click.option("--config-out", type=click.Path(path_type=Path, dir_okay=False), help="Write a ready seawall.toml here.")
@click.option(
    "--env-out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write shell exports here: KUBECONFIG, REDIS_URL, KAFKA_BOOTSTRAP_SERVERS, PROMETHEUS_URL.",
)
def simulate(scenario: str, seed: int, speed: float, config_out: Path | None, env_out: Path | None) -> None:
    """Run the simulated estate until Ctrl-C.

    It speaks Kafka, Redis, Kubernetes and Prometheus on loopback ports; one line says when it is ready. From then on
    it obeys lines on standard input: speed 10, pause, resume, crisis redis-down, help.

    \b
    seawall simulate viral-spike --env-out /tmp/shop.env &
    . /tmp/shop.env && kubectl get hpa && kcat -L -b $KAFKA_BOOTSTRAP_SERVERS
    """
    from connectors.simulator.clock import FASTEST
    from connectors.simulator.scenarios import SCENARIOS

    if scenario not in SCENARIOS:
        raise click.BadParameter(f"{scenario!r} is not one of {', '.join(SCENARIOS)}", param_hint="SCENARIO")
    if not 0 < speed <= FASTEST:
        raise click.BadParameter(f"expected more than 0 and at most {FASTEST:g}", param_hint="--speed")
    from connectors.simulator.serve import Order

    try:
        asyncio.run(_run(Order(scenario, seed, speed, config_out, env_out)))
    except OSError as error:  # a file that cannot be written, a port that cannot be had, nobody to read the one line
        raise click.ClickException(str(error)) from error


async def _run(order: Order) -> None:
    from connectors.simulator.serve import simulate as serve

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows, where Ctrl-C raises instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(order, click.echo, stop)
