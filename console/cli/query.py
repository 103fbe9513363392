"""``seawall query``: a signal with its value, its age, who measured it, and the query behind it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click
import msgspec

from console.cli import query_report as report
from console.cli.exits import NOT_KNOWN, OK
from console.cli.invocation import Invocation
from console.cli.looking import look
from console.cli.wanted import complete, narrowed, wanted
from console.model.inert import inert
from console.model.units import parse_duration

if TYPE_CHECKING:
    from console.cli.wanted import Wanted
    from console.session import Session

WEEK = 7 * 86400.0


def span(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """``1w``, ``1d``, ``90m``: how far back, in seconds."""
    if value is None:
        return None
    weeks = re.fullmatch(r"(\d{1,4})w", value)
    try:
        seconds = int(weeks[1]) * WEEK if weeks else parse_duration(value)
    except ValueError:
        reason = f"expected a span such as 1w, 1d or 6h, not {value!r}; patterns stand before --ghost"
        raise click.BadParameter(reason) from None
    if seconds <= 0:
        raise click.BadParameter("expected a span above 0")
    return seconds


@click.command()
@click.argument("patterns", nargs=-1, required=True, metavar="ALIAS.SIGNAL...", shell_complete=complete)
@click.option("--ghost", callback=span, is_flag=False, flag_value="1w", metavar="[SPAN]", help="And as it was, 1w ago.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (with --watch: one a line).")
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, one report an interval.")
@click.pass_obj
def query(invocation: Invocation, patterns: tuple[str, ...], ghost: float | None, as_json: bool, watch: bool) -> None:
    """Print signals: value, health, age, source, and the query behind each.

    \b
    seawall query api.cpu               one signal
    seawall query api '*.lag'           all of a line; globs over ALIAS.SIGNAL
    seawall query api.cpu --ghost 1d    beside the same a day earlier

    Only the sources that the lines need are asked, twice, because a rate needs two readings. Exit code: 0 all are
    known, 2 there is no such line or signal, 3 something is not known.
    """
    environment = invocation.load()
    asked = wanted(environment, patterns, ghost)
    narrow = narrowed(environment, asked)
    look(narrow, lambda session: _report(session, asked, as_json), watch=watch)


async def _report(session: Session, asked: Wanted, as_json: bool) -> int:
    answers = report.answers(session, asked)
    ghosts = await report.ghosts(session, asked, answers)
    if as_json:
        # msgspec first: its null is JSON's for what is not finite; then ASCII, which steers no terminal.
        click.echo(json.dumps(json.loads(msgspec.json.encode(report.document(session, answers, ghosts)))))
    else:
        for line in report.lines(session, answers, ghosts):
            click.echo(inert(line))
    return OK if all(answer.known for answer in answers) else NOT_KNOWN
