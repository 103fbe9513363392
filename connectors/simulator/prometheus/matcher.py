"""A selector's condition on one label."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.simulator.prometheus.expression import Expression, expression
from connectors.simulator.prometheus.labels import Labels, label


@dataclass(frozen=True, slots=True)
class Matcher:
    """``=``, ``!=``, ``=~`` or ``!~`` a value; regular expressions are anchored."""

    name: str
    operator: str
    value: str
    pattern: Expression | None = field(default=None, compare=False)

    @classmethod
    def of(cls, name: str, operator: str, value: str) -> Matcher:
        """Raises ``ValueError`` for a regular expression that Prometheus would not take either."""
        return cls(name, operator, value, expression(value) if operator in ("=~", "!~") else None)

    def holds(self, labels: Labels) -> bool:
        found = label(labels, self.name)
        same = found == self.value if self.pattern is None else self.pattern.fullmatch(found) is not None
        return same is (self.operator in ("=", "=~"))

    @property
    def takes_absence(self) -> bool:
        """Whether a series without the label passes."""
        return self.holds(())
