"""What the ``playbook`` verbs print: lines for a person, or one JSON document with its ``schema``."""

from __future__ import annotations

from collections.abc import Mapping

import click
import msgspec

from playbooks.check import words
from playbooks.exits import Exit
from playbooks.plan import Plan
from playbooks.playbook import Param, Playbook
from playbooks.text import plan_lines
from playbooks.values import Ref, show


def document(schema: str, **fields: object) -> None:
    """One JSON document, one line."""
    click.echo(msgspec.json.encode({"schema": f"seawall.{schema}/1", **fields}).decode())


def listing(found: tuple[Playbook, ...], as_json: bool) -> None:
    if as_json:
        document("playbooks", playbooks=[{"name": each.name, "title": each.title, "key": each.key} for each in found])
        return
    for each in found:
        click.echo(f"{each.key or ' '}  {each.name:<16} {each.title}")


def showing(playbook: Playbook, as_json: bool) -> Exit:
    if as_json:
        document(
            "playbook",
            name=playbook.name,
            title=playbook.title,
            owners=playbook.owners,
            key=playbook.key,
            hash=playbook.hash,
            params=[_param(each) for each in playbook.params],
            steps=[
                {"id": step.id, "action": step.action, "verify": list(map(words, step.verify))}
                for step in playbook.steps
            ],
        )
        return Exit.OK
    click.echo("\n".join(_lines(playbook)))
    return Exit.OK


def planned(made: Plan, as_json: bool) -> None:
    if not as_json:
        click.echo("\n".join(plan_lines(made)))
        return
    document("plan", **plan_fields(made))


def plan_fields(made: Plan) -> Mapping[str, object]:
    """The plan as data for scripts: what ``--approve`` takes is its hash."""
    return {
        "purpose": made.purpose.value,
        "playbook": made.name,
        "title": made.title,
        "environment": made.environment,
        "run": made.run,
        "params": dict(made.params),
        "steps": [
            {
                "id": step.id,
                "action": step.action,
                "target": step.target,
                "changes": [
                    {"fact": each.fact, "before": each.before, "after": each.after, "lasts": each.lasts}
                    for each in step.changes
                ],
                "remarks": list(step.remarks),
            }
            for step in made.steps
        ],
        "warnings": list(made.warnings),
        "changes": len(made.changes),
        "hash": made.hash,
        "created": made.created,
    }


def _param(param: Param) -> dict[str, object]:
    default = None if param.default is None else show(param.default, param.kind.want)
    return {"name": param.name, "type": param.kind.value, "default": default, "bounds": param.bounds}


def _lines(playbook: Playbook) -> list[str]:
    owners = f"  (owners: {', '.join(playbook.owners)})" if playbook.owners else ""
    lines = [f"{playbook.name}: {playbook.title}{owners}", "", "parameters"]
    lines += [_param_line(param) for param in playbook.params] or ["  none"]
    lines += ["", "steps"]
    for number, step in enumerate(playbook.steps, 1):
        target = f"${step.target.name}" if isinstance(step.target, Ref) else step.target
        proof = ", ".join(map(words, step.verify)) or "nothing"
        lines.append(f"  {number}. {step.id}  {step.action} {target}; verified by: {proof}")
    if playbook.steady:
        lines += ["", "over when " + ", ".join(map(words, playbook.steady.conditions))]
    return lines


def _param_line(param: Param) -> str:
    fields = _param(param)
    default = "must be given" if fields["default"] is None else f"default {fields['default']}"
    bounds = f", {param.bounds}" if param.bounds else ""
    return f"  {param.name:<16} {param.kind.value}, {default}{bounds}"
