"""Templates of alerts: what Prometheus's own functions write, and what is refused before an alert fires."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.prometheus.template import TemplateError, scientific, template, written

LABELS = {"job": "api", "zone": "a"}


@pytest.mark.parametrize(
    ("text", "value", "expanded"),
    [
        ("plain", 1.0, "plain"),
        ("{{ $value }} and {{.Value}}", 1.5, "1.5 and 1.5"),
        ("{{ $value }}", 1e-9, "1e-09"),
        ("{{ $value }}", 3e21, "3e+21"),
        ("{{ $value }}", 120000.0, "120000"),
        ("{{ $labels.job }}/{{ .Labels.zone }}{{ $labels.none }}", 0.0, "api/a"),
        ("{{ $value | humanize }}", 1234567.0, "1.235M"),
        ("{{ humanize $value }}", 0.0123, "12.3m"),
        ("{{ $value | humanize }}", 0.0, "0"),
        ("{{ $value | humanize1024 }}", 3.5 * 2**30, "3.5Gi"),
        ("{{ $value | humanize1024 }}", 2048.0, "2ki"),
        ("{{ $value | humanizeDuration }}", 93784.0, "1d 2h 3m 4s"),
        ("{{ $value | humanizeDuration }}", -4000.0, "-1h 6m 40s"),
        ("{{ $value | humanizeDuration }}", 75.0, "1m 15s"),
        ("{{ $value | humanizeDuration }}", 1.23456, "1.235s"),
        ("{{ $value | humanizeDuration }}", 0.0042, "4.2ms"),
        ("{{ $value | humanizePercentage }}", 0.07654, "7.654%"),
        ("{{ humanizeTimestamp $value }}", 1_700_000_000.5, "2023-11-14 22:13:20.5 +0000 UTC"),
        ('{{ printf "%.2f of %s" $value $labels.job }}', 2.0, "2.00 of api"),
        ('{{ $value | printf "%v!" }}', 2.0, "2!"),
        ("{{ $labels.job | toUpper }}, {{ title $labels.job }}", 0.0, "API, Api"),
        ("a  {{- $value -}}  b", 1.0, "a1b"),
    ],
)
def test_templates(text: str, value: float, expanded: str) -> None:
    assert template(text).expand(LABELS, value) == expanded


@pytest.mark.parametrize(
    "text",
    ["{{ $nope }}", "{{ query `up` }}", "{{ if $value }}{{ end }}", "{{ }}", "{{ humanize }}", "{{ %% }}", "{{ 1 2 }}"],
)
def test_what_is_no_template_here_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        template(text)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1e+00"), (1.5, "1.5e+00"), (0.00012, "1.2e-04"), (math.inf, "+Inf"), (-3e200, "-3e+200")]
)
def test_values_of_alerts(value: float, text: str) -> None:
    assert scientific(value) == text


@given(st.floats(allow_nan=False))
def test_values_read_back(value: float) -> None:
    assert float(scientific(value)) == value == float(written(value))
