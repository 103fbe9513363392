"""An approved plan as a file: what a person said yes to, for a runner that plans again before it writes.

The playbook's own words and parameters travel with the hash, so that neither an edit of its file nor a change of
the estate between the yes and the first write can turn it into something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from console.model.change import Change
from console.model.topology import Topology
from playbooks.exits import Exit, Refused
from playbooks.plan import VALID, Plan, Purpose, plan, stale
from playbooks.playbook import bind
from playbooks.reading import read
from playbooks.undo import undo_plan

SCHEMA = "seawall.approval/1"


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: str
    purpose: Purpose
    environment: str
    run: str
    title: str
    hash: str
    playbook: str  # hash of its words
    created: float
    file: str
    source: str
    given: dict[str, str]
    changes: tuple[Change, ...]
    undo_on_stop: bool = False


def approve(made: Plan, run: str, undo_on_stop: bool = False) -> Approval:
    """The plan as approved for this run."""
    return Approval(
        schema=SCHEMA,
        purpose=made.purpose,
        environment=made.environment,
        run=run,
        title=made.title,
        hash=made.hash,
        playbook=made.playbook_hash,
        created=made.created,
        file=made.file,
        source=made.source,
        given=dict(made.params),
        changes=made.changes,
        undo_on_stop=undo_on_stop,
    )


def save(approval: Approval, path: Path) -> None:
    """Writes it for its owner's eyes only. Refused 16 when it cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(approval))
    except OSError as error:
        _remove(path)
        raise Refused(Exit.UNREACHABLE, f"{path}: {error.strerror}") from error


def _remove(path: Path) -> None:
    """Half an approval would look like a runner that is about to start."""
    with suppress(OSError):
        path.unlink()


def load(path: Path) -> Approval:
    """Refused 2 for a file that is no approval."""
    try:
        approval = msgspec.json.decode(path.read_bytes(), type=Approval)
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(Exit.USAGE, f"{path}: not an approved plan: {error}") from error
    if approval.schema != SCHEMA:
        raise Refused(Exit.USAGE, f"{path}: expected {SCHEMA}, not {approval.schema}")
    return approval


def again(approval: Approval, topology: Topology, wall: float, journaled: Iterable[Change] = ()) -> Plan:
    """The same plan from the estate as it is now. Refused 15, naming what moved, when it is not the same."""
    made = _plan(approval, topology, wall, journaled)
    if made.hash != approval.hash:
        moved = "; ".join(stale(approval.changes, made)) or "its targets or parameters are not the same"
        raise Refused(Exit.STALE, f"the plan is stale: {moved}")
    if wall - approval.created > VALID:
        raise Refused(Exit.STALE, "the plan was made too long ago: plan again")
    return made


def _plan(approval: Approval, topology: Topology, wall: float, journaled: Iterable[Change]) -> Plan:
    if approval.purpose is Purpose.UNDO:
        return undo_plan(approval.run, topology, approval.environment, wall, journaled)
    playbook = read(approval.source, approval.file)
    return plan(playbook, bind(playbook, approval.given), topology, approval.environment, wall)
