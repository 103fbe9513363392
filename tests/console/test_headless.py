"""A headless verb loads neither Textual nor a client library that it does not use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("textual", "rich", "redis", "kafka", "kubernetes", "prometheus_api_client", "aiohttp", "psutil", "lupa")
PROGRAM = """
import json, sys
from console.cli import main
sys.argv = ["seawall", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""
ONLY_REDIS = """
[environments.test.redis]
url = "redis://127.0.0.1:1/0"

[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"
"""


def loaded(tmp_path: Path, *arguments: str) -> set[str]:
    """The top-level modules that a run of the verb leaves loaded."""
    config = tmp_path / "seawall.toml"
    config.write_text(ONLY_REDIS)
    environment = {**os.environ, "SEAWALL_CONFIG": str(config), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(arguments)],
        capture_output=True, text=True, env=environment, check=True, timeout=60,
    )  # fmt: skip
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",), ("playbook", "list"), ("status", "--help"), ("simulate", "--help"), ("init", "--help"),
        ("doctor", "--help"), ("query", "--help"), ("config", "validate"), ("config", "show"), ("config", "schema"),
    ],
)  # fmt: skip
def test_a_verb_that_reads_nothing_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(tmp_path, *arguments) & set(HEAVY) == set()


@pytest.mark.parametrize("arguments", [("status",), ("query", "cache"), ("doctor",)])
def test_a_verb_loads_only_the_clients_that_its_config_names(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(tmp_path, *arguments) & set(HEAVY) == {"redis"}
