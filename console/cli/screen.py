"""Opens the screen: the one place below which Textual is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli.invocation import Invocation
from console.inquiry import CannotOpen
from console.model.inert import inert

if TYPE_CHECKING:
    from console.app import Opening
    from console.config import Environment


def open_screen(invocation: Invocation) -> int:
    """The console on the chosen environment, until the operator leaves it; the exit code."""
    return show(invocation.load(), invocation)


def show(environment: Environment, invocation: Invocation, opening: Opening | None = None) -> int:
    """The screen on ``environment``; ``opening`` where its connectors are not there yet."""
    from console import terminal

    if not terminal.present():
        raise click.UsageError("the screen needs a terminal; without one there is `seawall status`")
    from console.app import run

    try:
        return run(environment, mouse=invocation.mouse, ascii=invocation.ascii_only, opening=opening)
    except CannotOpen as reason:
        click.echo(f"seawall: {inert(str(reason))}", err=True)
        return 1
