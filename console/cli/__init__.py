"""The verbs. Each is imported when it is asked for, so that a headless one loads only what it uses."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from connectors import ConnectorError
from console.cli.exits import UNREAD, USAGE
from console.cli.invocation import Invocation
from console.config_error import ConfigError
from console.model.inert import inert

VERBS = {
    "demo": "console.cli.demo",
    "init": "console.cli.init",
    "status": "console.cli.status",
    "query": "console.cli.query",
    "doctor": "console.cli.doctor",
    "config": "console.cli.config",
    "simulate": "console.cli.simulate",
    "playbook": "console.cli.playbook",
    "completion": "console.cli.completion",
}


class Verbs(click.Group):
    """A group whose commands live in modules of their own; the attribute is named like the verb."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(VERBS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """As always; but where nobody reads on, as in ``| head``, no verb's own exit code is said instead."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has a place to go
            sys.exit(UNREAD)


@click.group(cls=Verbs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The seawall.toml to use.")
@click.option("--environment", "-e", metavar="NAME", help="One of the config's environments; default: its own choice.")
@click.option("--mouse", is_flag=True, help="Let the console use the mouse.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII only.")
@click.version_option(package_name="seawall")
@click.pass_context
def seawall(ctx: click.Context, config: Path | None, environment: str | None, mouse: bool, ascii_only: bool) -> None:
    """A console for engineers on call when traffic goes wrong.

    Without a verb it opens the screen on your seawall.toml: --config, $SEAWALL_CONFIG, ./seawall.toml, then the
    one in your user's config directory. No config yet? `seawall demo` shows a simulated shop in a crisis.
    """
    ctx.obj = Invocation(config, environment, mouse=mouse, ascii_only=ascii_only)
    if ctx.invoked_subcommand is None:
        from console.cli.screen import open_screen

        ctx.exit(open_screen(ctx.obj))


def main() -> None:
    """The command ``seawall``. What a person can mend is one line on stderr and exit code 2; the rest is a bug."""
    try:
        code = seawall.main(prog_name="seawall", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        code = 130
    except (ConfigError, ConnectorError) as error:
        click.echo(f"seawall: {inert(str(error))}", err=True)
        code = USAGE
    sys.exit(code if isinstance(code, int) else 0)
