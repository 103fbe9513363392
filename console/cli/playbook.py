"""``seawall playbook``: list, show, plan, run, undo, stop. stdout has the result, stderr the narration."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec

import click

from console.cli import playbook_report as report
from console.cli.invocation import Invocation
from console.model.inert import inert
from playbooks import library
from playbooks.exits import Exit, Refused
from playbooks.playbook import Playbook, bind

P = ParamSpec("P")

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
PARAMS = click.option("-p", "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; repeat it.")
YES = click.option("--yes", is_flag=True, help="Do not ask. Without it, and without a terminal, nothing is done.")
APPROVE = click.option("--approve", metavar="HASH", help="Do it only if the plan still has this hash.")
CONFIRM = click.option("--confirm", metavar="NAME", help="The environment's name; needed where production = true.")
DETACH = click.option("--detach", is_flag=True, help="Do not wait: print the run's id and leave it to its runner.")


def answers(verb: Callable[P, Exit]) -> Callable[P, None]:
    """The verb's Exit as the exit code; what was refused is one line on stderr."""

    @functools.wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = verb(*args, **kwargs)
        except Refused as refused:
            code = refused.exit
            _say(refused.reason)
        except KeyboardInterrupt:
            code = Exit.CANCELLED_CLEAN
            _say("interrupted; nothing was done")
        sys.exit(int(code))

    return wrapped


def _say(reason: str) -> None:
    """One line on stderr; where that is a full disk or a lost terminal, the exit code says it alone."""
    with suppress(OSError):
        click.echo(f"seawall: {inert(reason)}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def playbook() -> None:
    """Crisis playbooks: look at one, plan it, run it, undo it.

    \b
    seawall playbook list                          what there is
    seawall playbook plan viral-spike              what it would change now; touches nothing
    seawall playbook run viral-spike -p user_rate=60
    seawall playbook undo RUN                      every fact back to what it was

    A run is done by a process of its own, which goes on when your terminal is lost; its journal lies in the
    state directory. Exit codes 2 and 10-19 promise that nothing was touched (docs/exit-codes.md).
    """


@playbook.command(name="list")
@JSON
@answers
def list_(as_json: bool) -> Exit:
    """The playbooks there are, with the key each has in the screen's menu.

    Exit code 2: a file is wrong, and is named.
    """
    found, problems = library.load_all(library.own_directories())
    report.listing(found, as_json)
    for problem in problems:
        _say(problem)
    return Exit.USAGE if problems else Exit.OK


@playbook.command()
@click.argument("name")
@JSON
@answers
def show(name: str, as_json: bool) -> Exit:
    """A playbook's parameters with their bounds, its steps, and what proves them. NAME may be a .yaml file."""
    return report.showing(find(name), as_json)


@playbook.command()
@click.argument("name")
@PARAMS
@JSON
@click.pass_obj
@answers
def plan(invocation: Invocation, name: str, given: tuple[str, ...], as_json: bool) -> Exit:
    """What the playbook would change now: before → after, warnings, and the hash to approve.

    Reads only. Exit code 10 when there are changes, 0 when all is already so.
    """
    from console.cli import playbook_run

    chosen = find(name)
    params = bind(chosen, pairs(given))
    made = asyncio.run(playbook_run.plan_now(invocation.load(), chosen, params))
    report.planned(made, as_json)
    return Exit.CHANGES if made.changes else Exit.OK


@playbook.command()
@click.argument("name")
@PARAMS
@YES
@APPROVE
@CONFIRM
@DETACH
@click.option(
    "--on-cancel", type=click.Choice(["hold", "undo"]), default="hold", help="What a stop does with what is in force."
)
@JSON
@click.pass_obj
@answers
def run(
    invocation: Invocation,
    name: str,
    given: tuple[str, ...],
    yes: bool,
    approve: str | None,
    confirm: str | None,
    detach: bool,
    on_cancel: str,
    as_json: bool,
) -> Exit:
    """Plan, ask, run, and tell what happens, one line an event.

    Ctrl-C asks the runner to stop: it finishes the write it is in. A second one within 5 s leaves at once and
    prints how to undo. Exit code 0: in force and verified; 23: in force, unproven.
    """
    from console.cli import playbook_run

    chosen = find(name)
    params = bind(chosen, pairs(given))
    asked = playbook_run.Asked(yes, approve, confirm, detach, on_cancel == "undo", as_json)
    return playbook_run.run(invocation.load(), chosen, params, asked)


@playbook.command()
@click.argument("run_id", metavar="RUN")
@YES
@APPROVE
@CONFIRM
@DETACH
@JSON
@click.pass_obj
@answers
def undo(
    invocation: Invocation,
    run_id: str,
    yes: bool,
    approve: str | None,
    confirm: str | None,
    detach: bool,
    as_json: bool,
) -> Exit:
    """Give every fact of RUN its former value, last in first out, from the marks on the targets.

    Works without the journal, and from another machine. A value that someone else has set since is refused (30)
    and named. A second time there is nothing to undo: exit code 0.
    """
    from console.cli import playbook_run

    asked = playbook_run.Asked(yes, approve, confirm, detach, False, as_json)
    return playbook_run.undo(invocation.load(), run_id, asked)


@playbook.command()
@click.argument("run_id", metavar="RUN")
@click.pass_obj
@answers
def stop(invocation: Invocation, run_id: str) -> Exit:
    """Ask RUN's runner to stop after the write it is in; what is in force stays, unless it was started otherwise."""
    from console.cli import playbook_run

    return playbook_run.stop(invocation.load(), run_id)


@playbook.command(hidden=True)
@click.option("--plan", "file", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.pass_obj
@answers
def execute(invocation: Invocation, file: Path) -> Exit:
    """The runner itself; ``run`` and ``undo`` start it."""
    from console.cli.playbook_execute import execute as run_it

    return run_it(invocation.load(), file)


def find(name: str) -> Playbook:
    return library.find(name, library.own_directories())


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` each; Refused 2 for anything else."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise Refused(Exit.USAGE, f"-p {each}: expected NAME=VALUE")
        if name in found:
            raise Refused(Exit.USAGE, f"-p {name} is given twice")
        found[name] = value
    return found
