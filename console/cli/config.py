"""``seawall config``: validate, show, schema. What a config says, before anything is asked of anyone."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.exits import USAGE
from console.cli.invocation import Invocation
from console.config_error import ConfigError
from console.model.inert import inert

if TYPE_CHECKING:
    from console.config import Checked, Environment

VALIDATED = "seawall.config-validate/1"
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def config() -> None:
    """Look at a seawall.toml without asking any system.

    \b
    seawall config validate             every mistake, each with its line
    seawall config show -e live         what holds in an environment, with every default
    seawall config schema > s.json      for editors: put `#:schema ./s.json` on the first line
    """


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--without-secrets", is_flag=True, help="Do not look whether secrets are there, as in a build.")
@JSON
@click.pass_obj
def validate(invocation: Invocation, file: Path | None, without_secrets: bool, as_json: bool) -> None:
    """Tell every mistake of FILE (default: the config in use), in all its environments.

    Exit code: 0 none, 2 there are some, or it cannot be read. Nothing is sent anywhere.
    """
    from console.config import check

    try:
        checked = check(file or invocation.config, secrets=not without_secrets)
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps(_report((error,), ())))
        sys.exit(USAGE)
    faults = checked.faults or asyncio.run(_unopenable(checked, without_secrets))
    if as_json:
        click.echo(json.dumps(_report(faults, checked.environments)))
    else:
        for line in _told(checked, faults):
            click.echo(inert(line))
    sys.exit(USAGE if faults else 0)


@config.command()
@click.option("--environment", "-e", metavar="NAME", help="Another environment than the default one.")
@JSON
@click.pass_obj
def show(invocation: Invocation, environment: str | None, as_json: bool) -> None:
    """Print what holds in an environment, with every default filled in: as TOML, or as JSON.

    Secrets are shown as the references that they are, and need not be there.
    """
    from console.config import load_whole
    from console.config.effective import document_of, lines_of

    chosen, written = load_whole(invocation.config, environment or invocation.environment)
    if as_json:
        click.echo(json.dumps(document_of(chosen)))
        return
    for line in lines_of(chosen, written):
        click.echo(inert(line))


@config.command()
def schema() -> None:
    """Print the JSON schema of seawall.toml."""
    from console.config.schema import schema as made

    click.echo(json.dumps(made(), indent=2))


async def _unopenable(checked: Checked, without_secrets: bool) -> tuple[ConfigError, ...]:
    """What each connector itself says about its settings; nothing is sent to open one."""
    from connectors import ConnectorError
    from console.clock import SystemClock
    from console.config.environment import secrets_in
    from console.session import open_connectors

    faults = []
    for environment in checked.environments:
        for name, settings in environment.connectors.items():
            if without_secrets and any(secrets_in(settings)):
                continue
            try:
                opened = open_connectors(replace(environment, connectors={name: settings}), SystemClock())
            except (ConfigError, ConnectorError) as error:
                reason = str(error).removeprefix(f"{checked.path}: ")
                faults.append(checked.document.error(("environments", environment.name, name), reason))
                continue
            for connector in opened.values():
                await connector.close()
    return tuple(faults)


def _told(checked: Checked, faults: tuple[ConfigError, ...]) -> Iterator[str]:
    if faults:
        yield from map(str, faults)
        yield f"{len(faults)} mistake{'s' if len(faults) > 1 else ''}"
        return
    names = ", ".join(each.name for each in checked.environments)
    lines = checked.environments[0].layout if checked.environments else None
    counts = f"; {len(lines.placements)} components, {len(lines.rules)} rules" if lines else ""
    yield f"{checked.path}: good; environments: {names or 'none'}{counts}"


def _report(faults: tuple[ConfigError, ...], environments: tuple[Environment, ...]) -> dict[str, object]:
    return {
        "schema": VALIDATED,
        "valid": not faults,
        "faults": [{"line": fault.line, "text": str(fault)} for fault in faults],
        "environments": [
            {"name": each.name, "sources": list(each.connectors), "queries": len(each.queries)} for each in environments
        ],
    }
