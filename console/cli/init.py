"""``seawall init``: a first seawall.toml, from what stands in the current context's cluster. Reads only."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.exits import OK
from console.config_error import ConfigError
from console.model.inert import inert

if TYPE_CHECKING:
    from console.draft.text import Draft


@click.command()
@click.option("--kubeconfig", metavar="FILE", help="Default: kubectl's own rules.")
@click.option("--context", metavar="NAME", help="Default: the current one.")
@click.option("--namespace", "-n", "namespaces", multiple=True, metavar="NAME", help="Only this one; repeat it.")
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), default=Path("seawall.toml"))
@click.option("--force", is_flag=True, help="Put it in the place of a file that is there.")
def init(kubeconfig: str | None, context: str | None, namespaces: tuple[str, ...], output: Path, force: bool) -> None:
    """Write a commented seawall.toml from what stands in your cluster.

    Looks for Services that are a Prometheus, a Kafka or a Redis, for workloads and their autoscalers, and, where they
    answer from here, for consumer groups and exporters. Every guess stands in the file with its reason. Without a
    cluster the file is one to fill in. Nothing is changed anywhere but that file.

    Exit code: 0 written, 2 the file is there already (--force), or cannot be written.
    """
    if output.exists() and not force:
        raise click.ClickException(f"{output} is there already; --force puts a new one in its place")
    from console.draft.found import draft_of

    try:
        draft = asyncio.run(draft_of(_wherever(kubeconfig or os.environ.get("KUBECONFIG")), context, namespaces, _say))
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        _write(draft, output)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error
    count = len(draft.lines) + 1  # and this machine
    _say(f"{output}: {count} component{'s' if count > 1 else ''}; next: seawall config validate; seawall doctor")
    for system, remark in draft.remarks.items():
        _say(f"{system}: {remark}")
    sys.exit(OK)


def _wherever(kubeconfig: str | None) -> str | None:
    """The files so that another shell, in another directory, means the same cluster; None: kubectl's own place."""
    parts = [each for each in (kubeconfig or "").split(os.pathsep) if each]
    return os.pathsep.join(os.path.abspath(os.path.expanduser(each)) for each in parts) or None


def _write(draft: Draft, output: Path) -> None:
    """Whole or not at all, and only what reads as a config."""
    from console.config import check
    from console.draft.text import text_of

    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text_of(draft))
        made.chmod(0o644)
        faults = check(made, secrets=False).faults
        if faults:
            raise ConfigError(f"a mistake in Seawall: please report it: {faults[0]}")
        made.replace(output)
    finally:
        made.unlink(missing_ok=True)


def _say(text: str) -> None:
    click.echo(f"seawall: {inert(text)}", err=True)
