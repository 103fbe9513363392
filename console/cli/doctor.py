"""``seawall doctor``: what works from here, what does not, and what to do about it. Nothing is changed anywhere."""

from __future__ import annotations

import asyncio
import json
import sys

import click
import msgspec

from console.cli.exits import NOT_KNOWN, OK, REFUSED
from console.cli.invocation import Invocation
from console.model.inert import inert


@click.command()
@click.option("--all", "-a", "everything", is_flag=True, help="Tell also each thing that is well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document with everything on stdout.")
@click.pass_obj
def doctor(invocation: Invocation, everything: bool, as_json: bool) -> None:
    """Try each connection, permission by permission, and say what each playbook could do.

    Every kind of read is tried, and for every write that a playbook would need the system is asked whether it would
    be allowed; nothing is written. Then this machine: who else may read secrets or write files, room, terminal.

    Exit code: 0 all is as it should be, 1 something is refused or wrong, 2 the config is wrong, 3 nothing is refused,
    but something could not be asked (docs/doctor.md).
    """
    from console.cli.doctor_report import document, lines
    from console.clock import clock_of
    from console.doctor import away, diagnose
    from console.doctor.here import findings
    from console.model.examination import Finding, Grade
    from playbooks.library import load_all, own_directories

    environment = invocation.load()
    playbooks, problems = load_all(own_directories())
    wrong = tuple(Finding("playbook", Grade.NO, problem) for problem in problems)
    here = (*findings(environment, own_directories()), *wrong)
    clock = clock_of(environment.speed, environment.pace)
    try:
        found = asyncio.run(diagnose(environment, clock, playbooks, here, _progress))
    except KeyboardInterrupt:
        sys.exit(130)
    if as_json:
        click.echo(json.dumps(json.loads(msgspec.json.encode(document(found)))))  # null for what is not finite; ASCII
    else:
        for line in lines(found, everything=everything):
            click.echo(inert(line))
    noes = [each for each in found.findings if each.grade is Grade.NO and not away(each)]
    if noes or any(each.grade is Grade.NO for each in found.verdicts):
        sys.exit(REFUSED)
    unknown = any(map(away, found.findings)) or any(each.grade is Grade.UNKNOWN for each in found.verdicts)
    sys.exit(NOT_KNOWN if unknown else OK)


def _progress(waiting: tuple[str, ...]) -> None:
    """Who has not answered yet, on a line that takes itself back."""
    if sys.stderr.isatty():
        text = f"waiting for {', '.join(waiting)}" if waiting else ""
        click.echo(f"\r\x1b[K{inert(text)}", nl=False, err=True)
