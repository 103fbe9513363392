"""The templates of alerts' labels and annotations, as far as mixins use them: a value, a label, and how to write them.

``{{ $value | humanize }}``, ``{{ $labels.job }}``, ``{{ printf "%.2f" $value }}``: Go's pipelines over Prometheus's
functions (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). Queries, conditions and
loops inside templates are refused when the rules are read, not when an alert fires.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.simulator.prometheus.numbers import shortest

Value = float | str
BRACES = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|([$.]?[\w.$]+|-?\d+(?:\.\d+)?)|(\|))')
PREFIXES = {"large": "kMGTPEZY", "small": "munpfazy"}
BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


class TemplateError(ValueError):
    """A template that cannot be read."""


@dataclass(frozen=True, slots=True)
class Template:
    """Pieces of text, and between them pipelines of words."""

    text: tuple[str, ...]
    pipelines: tuple[tuple[tuple[str, ...], ...], ...]

    def expand(self, labels: Mapping[str, str], value: float) -> str:
        made = [self.text[0]]
        for pipeline, following in zip(self.pipelines, self.text[1:], strict=True):
            made += [written(run(pipeline, labels, value)), following]
        return "".join(made)


def template(text: str) -> Template:
    """Raises ``TemplateError`` for anything but values, labels and the functions below."""
    texts, pipelines, begin = [], [], 0
    for match in BRACES.finditer(text):
        before = text[begin : match.start()]
        texts.append(before.rstrip() if match[1] else before)
        pipelines.append(pipeline(match[2]))
        begin = match.end()
        if match[3]:
            begin += len(text[begin:]) - len(text[begin:].lstrip())
    return Template((*texts, text[begin:]), tuple(pipelines))


def pipeline(text: str) -> tuple[tuple[str, ...], ...]:
    stages: list[list[str]] = [[]]
    position, text = 0, text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise TemplateError(f"unexpected {text[position]!r} in template {{{{ {text} }}}}")
        position = match.end()
        if match[3]:
            stages.append([])
        else:
            stages[-1].append(match[1] or match[2])
    made = tuple(tuple(stage) for stage in stages)
    run(made, {}, 0.0)  # reads every word once, so that a bad one is found now
    return made


def run(stages: tuple[tuple[str, ...], ...], labels: Mapping[str, str], value: float) -> Value:
    """The last stage's result; each stage gets the one before it as its last argument."""
    passed: list[Value] = []
    for stage in stages:
        if not stage:
            raise TemplateError("missing value for command")
        head, *words = stage
        given = [operand(word, labels, value) for word in words] + passed
        passed = [apply(head, given) if head in FUNCTIONS else alone(operand(head, labels, value), given)]
    return passed[0]


def alone(result: Value, given: list[Value]) -> Value:
    if given:
        raise TemplateError(f"can't give argument to non-function {result}")
    return result


def apply(name: str, given: list[Value]) -> Value:
    try:
        return FUNCTIONS[name](*given)
    except (TypeError, ValueError) as error:
        raise TemplateError(f"error calling {name}: {error}") from None


def operand(word: str, labels: Mapping[str, str], value: float) -> Value:
    if word[0] in '"`':
        return word[1:-1] if word[0] == "`" else word[1:-1].encode().decode("unicode_escape")
    if word in ("$value", ".Value"):
        return value
    scope, _, name = word.rpartition(".")
    if scope in ("$labels", ".Labels"):
        return labels.get(name, "")
    try:
        return float(word)
    except ValueError:
        raise TemplateError(f"{word!r} is not known in templates here") from None


def written(value: Value) -> str:
    """As Go prints it: a number plainly, with an exponent only below 0.0001 and from 1e21 on."""
    if isinstance(value, str):
        return value
    plain = value == 0 or not math.isfinite(value) or 1e-4 <= abs(value) < 1e21
    return shortest(value) if plain else repr(value)


def scientific(value: float) -> str:
    """As the API shows an alert's value: the shortest digits with an exponent of two or more."""
    if not math.isfinite(value):
        return shortest(value)
    digits = next(d for d in range(17) if float(f"{value:.{d}e}") == value)
    return f"{value:.{digits}e}"


def humanize(given: Value) -> str:
    value = float(given)
    if value == 0 or not math.isfinite(value):
        return f"{value:.4g}"
    return "{:.4g}{}".format(*scaled(value))


def scaled(value: float) -> tuple[float, str]:
    """Between 1 and 1,000 where a metric prefix allows it."""
    prefix = ""
    if abs(value) >= 1:
        for larger in PREFIXES["large"]:
            if abs(value) < 1000:
                break
            prefix, value = larger, value / 1000
    else:
        for smaller in PREFIXES["small"]:
            if abs(value) >= 1:
                break
            prefix, value = smaller, value * 1000
    return value, prefix


def humanize_1024(given: Value) -> str:
    value, prefix = float(given), ""
    if abs(value) <= 1 or not math.isfinite(value):
        return f"{value:.4g}"
    for larger in BINARY:
        if abs(value) < 1024:
            break
        prefix, value = larger.lower() if larger == "Ki" else larger, value / 1024
    return f"{value:.4g}{prefix}"


def humanize_duration(given: Value) -> str:
    value = float(given)
    if value == 0 or not math.isfinite(value):
        return f"{value:.4g}s" if value == 0 else f"{value:.4g}"
    if abs(value) < 1:
        return "{:.4g}{}s".format(*scaled(value))
    sign, whole = "-" if value < 0 else "", int(abs(value))
    days, hours, minutes, seconds = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{sign}{abs(value):.4g}s"


def humanize_timestamp(given: Value) -> str:
    moment = datetime.fromtimestamp(float(given), UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def formatted(pattern: Value, *given: Value) -> str:
    """Go's printf for the verbs that Python shares with it."""
    return str(pattern).replace("%v", "%s") % tuple(written(g) if "%v" in str(pattern) else g for g in given)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "humanize": humanize,
    "humanize1024": humanize_1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": lambda given: f"{float(given) * 100:.4g}%",
    "humanizeTimestamp": humanize_timestamp,
    "printf": formatted,
    "title": lambda text: re.sub(r"\b[a-z]", lambda first: first[0].upper(), str(text)),
    "toLower": lambda text: str(text).lower(),
    "toUpper": lambda text: str(text).upper(),
}
