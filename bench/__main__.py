"""``python -m bench [NAME …]``: runs the benchmarks, prints a line each, exits 1 when a budget is broken."""

from __future__ import annotations

import sys
from importlib import import_module

SUITES = (
    "model",
    "imports",
    "simulator",
    "simulator_kafka",
    "simulator_redis",
    "simulator_kubernetes",
    "simulator_prometheus",
    "connector_prometheus",
    "connector_kubernetes",
    "connector_redis",
    "connector_kafka",
    "connector_cycle",
    "connector_kafka_lag",
    "screen",
)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(SUITES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    kept = True
    for suite in wanted or SUITES:
        for result in import_module(f"bench.{suite}").run():
            print(result.line(), flush=True)
            kept = kept and result.kept
    return 0 if kept else 1


sys.exit(main(sys.argv[1:]))
