"""A playbook as it was written: ordered steps, each an action and the checks that prove its effect.

The nouns are immutable and hold no opinion; ``reading`` makes them from a file, ``bind`` from them and what an
operator gives the typed parameters, and ``plan`` meets them with the topology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from playbooks.document import did_you_mean
from playbooks.exits import PlaybookError
from playbooks.values import Ref, Value, Want, convert, show


class Kind(StrEnum):
    """The types of parameters."""

    INT = "int"
    DURATION = "duration"
    COMPONENT = "component"
    BOOL = "bool"
    CHOICE = "choice"

    @property
    def want(self) -> Want:
        return _WANT[self]

    def serves(self, want: Want) -> bool:
        """Whether a parameter of this type may stand where ``want`` is wanted."""
        return want is self.want or want in _ALSO.get(self, ())


_WANT = {
    Kind.INT: Want.INT,
    Kind.DURATION: Want.DURATION,
    Kind.COMPONENT: Want.COMPONENT,
    Kind.BOOL: Want.BOOL,
    Kind.CHOICE: Want.WORD,
}


_ALSO = {Kind.INT: (Want.QUANTITY, Want.RATE), Kind.DURATION: (Want.QUANTITY,)}


@dataclass(frozen=True, slots=True)
class Param:
    """A typed parameter. ``default`` None: it must be given. Bounds are inclusive, in base units."""

    name: str
    kind: Kind
    default: Value | None = None
    least: Value | None = None
    most: Value | None = None
    choices: tuple[str, ...] = ()
    component: str = ""  # the kind of component, "kubernetes/hpa"

    @property
    def bounds(self) -> str:
        """``5 to 100``, ``at least 60s``, ``one of P1, P2``; "" when anything of the type goes."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        least = None if self.least is None else show(self.least, self.kind.want)
        most = None if self.most is None else show(self.most, self.kind.want)
        if least is not None and most is not None:
            return f"{least} to {most}"
        if least is not None:
            return f"at least {least}"
        return "" if most is None else f"at most {most}"

    def read(self, raw: object) -> Value:
        """``raw`` as this parameter's value; ValueError says the type or the bounds."""
        value = convert(raw, self.kind.want)
        if not self._allows(value):
            raise ValueError(f"expected {self.bounds}, not {show(value, self.kind.want)}")
        return value

    def _allows(self, value: Value) -> bool:
        if self.choices:
            return value in self.choices
        if not isinstance(value, int | float) or isinstance(value, bool):
            return True
        too_small = isinstance(self.least, int | float) and value < self.least
        too_big = isinstance(self.most, int | float) and value > self.most
        return not (too_small or too_big)


class Comparison(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    RISING = "rising"


@dataclass(frozen=True, slots=True)
class SignalCheck:
    """``alias.signal`` against a bound in base units (RISING: 1 for rising, 0 for not rising).

    ``hold``: for so many estate seconds on end. ``within``: it may take so long to become true.
    """

    signal: str
    comparison: Comparison
    bound: float | Ref
    hold: float = 0.0
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Every fact of the step reads back as set, with our mark, in a reading made after the write."""

    within: float = 30.0


@dataclass(frozen=True, slots=True)
class StillOurs:
    """Nobody takes the facts of the step back within so many estate seconds."""

    seconds: float


Check = SignalCheck | ReadBack | StillOurs


class OnFailure(StrEnum):
    """What a failed step does. A mitigation is additive: earlier steps stay unless UNDO_RUN says otherwise."""

    UNDO_STEP = "undo_step"
    CONTINUE = "continue"
    HOLD = "hold"
    UNDO_RUN = "undo_run"


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    action: str
    target: str | Ref
    given: Mapping[str, Value | Ref]
    verify: tuple[Check, ...] = ()
    on_failure: OnFailure = OnFailure.UNDO_STEP
    expires: float | Ref | None = None  # estate seconds that the changes last; None: no end


@dataclass(frozen=True, slots=True)
class Suggest:
    """When a console offers the playbook; a person starts it."""

    conditions: tuple[SignalCheck, ...] = ()
    every: bool = False  # all of them, or any


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan may not exceed (targets, ratio of after to before) nor a run (estate seconds)."""

    targets: int = 12
    ratio: float = 20.0
    wall_clock: float = 1200.0


@dataclass(frozen=True, slots=True)
class Steady:
    """How one sees that it is over: all conditions for ``hold`` on end, ``within`` so long of the last step."""

    conditions: tuple[SignalCheck, ...]
    within: float
    hold: float


@dataclass(frozen=True, slots=True)
class Playbook:
    """One file. ``source`` is its text and ``hash`` names it, so that a run can be traced to the very words."""

    name: str
    title: str
    owners: tuple[str, ...]
    key: str
    params: tuple[Param, ...]
    suggest: Suggest
    permissions: bool
    require: tuple[SignalCheck, ...]
    limits: Limits
    steps: tuple[Step, ...]
    steady: Steady | None
    guard: SignalCheck | None
    hash: str
    source: str
    file: str


Params = Mapping[str, Value]


def bind(playbook: Playbook, given: Mapping[str, str]) -> Params:
    """The value of every parameter: as given, or its default. PlaybookError names the parameter and its bounds."""
    known = {param.name: param for param in playbook.params}
    for name in given:
        if name not in known:
            raise PlaybookError(f"{playbook.name}: no parameter '{name}'{did_you_mean(name, known)}")
    return {param.name: _value(playbook, param, given.get(param.name)) for param in playbook.params}


def _value(playbook: Playbook, param: Param, given: str | None) -> Value:
    if given is None:
        if param.default is None:
            raise PlaybookError(f"{playbook.name}: parameter '{param.name}' must be given: {param.kind.want.value}")
        return param.default
    try:
        return param.read(given)
    except ValueError as error:
        bounds = f" ({param.bounds})" if param.bounds and param.bounds not in str(error) else ""
        raise PlaybookError(f"{playbook.name}: parameter '{param.name}': {error}{bounds}") from error
