"""Prints the shell's completion script; click writes it."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  seawall completion bash > ~/.local/share/bash-completion/completions/seawall
    zsh:   seawall completion zsh  > "${fpath[1]}/_seawall"
    fish:  seawall completion fish > ~/.config/fish/completions/seawall.fish
    """
    from console.cli import seawall

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(seawall, {}, "seawall", "_SEAWALL_COMPLETE").source())
