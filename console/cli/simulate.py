"""``seawall simulate``: the estate alone, for anyone's ordinary clients and for tests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.estates import check, crises, estates

if TYPE_CHECKING:
    from connectors.simulator.serve import Order


IN = click.Path(path_type=Path, dir_okay=False, exists=True)
OUT = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("scenario", default="calm", shell_complete=crises)
@click.option("--estate", default="shop", show_default=True, shell_complete=estates, help="Which system to simulate.")
@click.option(
    "--with", "options", type=IN, help="A TOML file: how its servers differ from plain ones (docs/simulator.md)."
)
@click.option("--seed", default=0, show_default=True, help="The same seed and the same actions give the same numbers.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds per second.")
@click.option("--config-out", type=OUT, help="Write a ready seawall.toml here.")
@click.option(
    "--env-out",
    type=OUT,
    help="Write shell exports here: KUBECONFIG, REDIS_URL, KAFKA_BOOTSTRAP_SERVERS, PROMETHEUS_URL.",
)
def simulate(
    scenario: str,
    estate: str,
    options: Path | None,
    seed: int,
    speed: float,
    config_out: Path | None,
    env_out: Path | None,
) -> None:
    """Run the simulated estate until Ctrl-C.

    It speaks Kafka, Redis, Kubernetes and Prometheus on loopback ports; one line says when it is ready. From then on
    it obeys lines on standard input: speed 10, pause, resume, crisis redis-down, broker 2 lose, help.
    `seawall demo --list` shows the scenarios and the estates.

    \b
    seawall simulate viral-spike --env-out /tmp/shop.env &
    . /tmp/shop.env && kubectl get hpa && kcat -L -b $KAFKA_BOOTSTRAP_SERVERS
    """
    check(scenario, estate, speed)
    from connectors.simulator.options import PLAIN, BadOptions, read_options
    from connectors.simulator.serve import Order

    try:
        wanted = read_options(options) if options else PLAIN
        order = Order(scenario, estate, wanted, seed, speed, config_out, env_out)
        asyncio.run(_run(order))
    except BadOptions as error:
        raise click.BadParameter(str(error), param_hint="--with") from error
    except OSError as error:  # a file that cannot be written, a port that cannot be had, nobody to read the one line
        raise click.ClickException(str(error)) from error


async def _run(order: Order) -> None:
    from connectors.simulator.serve import simulate as serve

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows, where Ctrl-C raises instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(order, click.echo, stop)
