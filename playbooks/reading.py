"""From a file to a Playbook, strictly: every key is known, every value has its type, every ``$name`` its parameter."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from playbooks.actions import ACTIONS
from playbooks.conditions import Scope, read_check, read_conditions, read_number, read_quantity, read_signal, read_value
from playbooks.document import LARGEST, Node, Table, did_you_mean, digest, parse
from playbooks.exits import PlaybookError
from playbooks.playbook import Kind, Limits, OnFailure, Param, Playbook, SignalCheck, Steady, Step, Suggest
from playbooks.values import Ref, Value, Want

TOP = ("playbook", "title", "owners", "key", "params", "suggest", "require", "limits", "steps", "steady", "undo")
NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
Word = TypeVar("Word", bound=StrEnum)


def read_file(path: Path) -> Playbook:
    """PlaybookError names the file and the line, or why the file cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise PlaybookError(f"{path}:1: larger than {LARGEST // 1024} KiB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlaybookError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlaybookError(f"{path}:1: not UTF-8") from error
    return read(text, path.name)


def read(text: str, file: str) -> Playbook:
    """The playbook in ``text``; ``file`` is what errors call it."""
    top = parse(text, file).table(TOP, "a playbook")
    name = _name(top.need("playbook"))
    params = _params(top.get("params"))
    scope = {param.name: param for param in params}
    permissions, require = _require(top.get("require"), scope)
    return Playbook(
        name=name,
        title=top.need("title").text(),
        owners=_words(top.get("owners")),
        key=_key(top.get("key")),
        params=params,
        suggest=_suggest(top.get("suggest")),
        permissions=permissions,
        require=require,
        limits=_limits(top.get("limits")),
        steps=_steps(top.need("steps"), scope),
        steady=_steady(top.get("steady"), scope),
        guard=_guard(top.get("undo")),
        hash=digest(text),
        source=text,
        file=file,
    )


def _name(node: Node) -> str:
    name = node.text("a name")
    if not NAME.fullmatch(name):
        raise node.wrong(f"expected a name of lower-case letters, digits and dashes, not {name!r}")
    return name


def _key(node: Node | None) -> str:
    if node is None:
        return ""
    key = node.text("one letter")
    if len(key) != 1 or not key.isascii() or not key.isalnum():
        raise node.wrong(f"expected one letter or digit, not {key!r}")
    return key


def _words(node: Node | None) -> tuple[str, ...]:
    return () if node is None else tuple(each.text() for each in node.items("a list of names"))


def _params(node: Node | None) -> tuple[Param, ...]:
    if node is None:
        return ()
    return tuple(_param(name, each) for name, each in node.table(wanted="parameters by name").entries.items())


def _param(name: str, node: Node) -> Param:
    table = node.table(("type", "default", "min", "max", "kind", "choices"), "a parameter")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise node.wrong(f"expected a parameter's name of lower-case letters, digits and _, not {name!r}")
    kind = _one_of(table.need("type"), Kind, "a type")
    component = table.get("kind")
    param = Param(
        name,
        kind,
        least=_bound(table, "min", kind),
        most=_bound(table, "max", kind),
        choices=_words(table.get("choices")),
        component="" if component is None else component.text("a kind of component"),
    )
    if (kind is Kind.CHOICE) != bool(param.choices):
        raise node.wrong("'choices' go with type choice, and it with them")
    default = table.get("default")
    return param if default is None else _with_default(param, default)


def _bound(table: Table, key: str, kind: Kind) -> Value | None:
    node = table.get(key)
    if node is None:
        return None
    if kind not in (Kind.INT, Kind.DURATION):
        raise node.wrong(f"'{key}' goes with int and duration only")
    value = read_number(node, kind.want)
    return int(value) if kind is Kind.INT else value


def _with_default(param: Param, node: Node) -> Param:
    try:
        return replace(param, default=param.read(node.scalar(param.kind.want.value)))
    except ValueError as error:
        raise node.wrong(f"default of '{param.name}': {error}") from error


def _suggest(node: Node | None) -> Suggest:
    """Judged before anybody has chosen parameters, so none may stand here."""
    if node is None:
        return Suggest()
    table = node.table(("any", "all"), "conditions")
    if len(table.entries) != 1:
        raise node.wrong("expected either 'any' or 'all'")
    every = "all" in table.entries
    return Suggest(read_conditions(table.need("all" if every else "any"), {}), every)


def _require(node: Node | None, scope: Scope) -> tuple[bool, tuple[SignalCheck, ...]]:
    permissions, conditions = False, []
    for item in () if node is None else node.items("a list of requirements"):
        table = item.table(wanted="a requirement")
        if "permissions" not in table.entries:
            conditions.append(read_signal(item, scope))
            continue
        table.refuse_unknown(("permissions",))
        if table.need("permissions").text() != "all":
            raise item.wrong("expected 'permissions: all'")
        permissions = True
    return permissions, tuple(conditions)


def _limits(node: Node | None) -> Limits:
    if node is None:
        return Limits()
    table = node.table(("targets", "ratio", "wall_clock"), "limits")
    default = Limits()
    targets, ratio, clock = table.get("targets"), table.get("ratio"), table.get("wall_clock")
    return Limits(
        targets=default.targets if targets is None else int(read_number(targets, Want.INT)),
        ratio=default.ratio if ratio is None else read_number(ratio, Want.QUANTITY),
        wall_clock=default.wall_clock if clock is None else read_number(clock, Want.DURATION),
    )


def _steps(node: Node, scope: Scope) -> tuple[Step, ...]:
    steps = tuple(_step(each, scope) for each in node.items("a list of steps"))
    if not steps:
        raise node.wrong("expected at least one step")
    seen: set[str] = set()
    for step, each in zip(steps, node.items(), strict=True):
        if step.id in seen:
            raise each.wrong(f"step '{step.id}' is there twice")
        seen.add(step.id)
    return steps


def _step(node: Node, scope: Scope) -> Step:
    table = node.table(("id", "action", "target", "with", "verify", "on_failure", "expires"), "a step")
    action = table.need("action")
    if action.text() not in ACTIONS:
        raise action.wrong(f"no action '{action.text()}'{did_you_mean(action.text(), ACTIONS)}")
    verify, failure, expires = table.get("verify"), table.get("on_failure"), table.get("expires")
    return Step(
        id=_name(table.need("id")),
        action=action.text(),
        target=_target(table.need("target"), scope),
        given=_given(table.need("with"), action.text(), scope),
        verify=() if verify is None else tuple(read_check(each, scope) for each in verify.items("a list of checks")),
        on_failure=OnFailure.UNDO_STEP if failure is None else _one_of(failure, OnFailure, "on_failure"),
        expires=None if expires is None else read_quantity(expires, scope, Want.DURATION),
    )


def _target(node: Node, scope: Scope) -> str | Ref:
    value = read_value(node, Want.COMPONENT, scope)
    return value if isinstance(value, Ref) else str(value)


def _given(node: Node, action: str, scope: Scope) -> dict[str, Value | Ref]:
    row = ACTIONS[action]
    table = node.table(row.takes, f"what {action} takes")
    for key, take in row.takes.items():
        if take.needed and key not in table.entries:
            raise node.wrong(f"{action} needs '{key}'")
    misfit = row.fits(frozenset(table.entries))
    if misfit:
        raise node.wrong(f"{action}: {misfit}")
    given: dict[str, Value | Ref] = {}
    for key, each in table.entries.items():
        given[key] = read_value(each, row.takes[key].want, scope)
        _among(each, given[key], row.takes[key].choices, scope)
    return given


def _among(node: Node, value: Value | Ref, choices: tuple[str, ...], scope: Scope) -> None:
    possible = scope[value.name].choices if isinstance(value, Ref) else (value,)
    if choices and not set(possible) <= set(choices):
        raise node.wrong(f"expected one of {', '.join(choices)}, not {node.value}")


def _steady(node: Node | None, scope: Scope) -> Steady | None:
    if node is None:
        return None
    table = node.table(("within", "hold", "all"), "steady")
    hold = table.get("hold")
    return Steady(
        conditions=read_conditions(table.need("all"), scope),
        within=read_number(table.need("within"), Want.DURATION),
        hold=0.0 if hold is None else read_number(hold, Want.DURATION),
    )


def _guard(node: Node | None) -> SignalCheck | None:
    """Judged after the run, from any machine: its parameters are not known by then."""
    return None if node is None else read_signal(node.table(("guard",), "undo").need("guard"), {})


def _one_of(node: Node, kind: type[Word], wanted: str) -> Word:
    text = node.text(wanted)
    try:
        return kind(text)
    except ValueError as error:
        choices = [each.value for each in kind]
        raise node.wrong(f"expected {wanted}, not '{text}'{did_you_mean(text, choices)}") from error
