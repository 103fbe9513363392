"""The config is strict: each mistake is one line with the file, the line, and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import CONNECTORS
from connectors.secret import Secret
from console.config import Environment, find, load
from console.config_error import ConfigError, NoConfig
from console.model.component import Health, kind_of, system_of

GOOD = """\
environment = "staging"

[environments.staging]
interval = 2.0

[environments.staging.prometheus]
url = "http://127.0.0.1:9090"

[environments.staging.redis]
name = "cache"
url = "redis://127.0.0.1:6379/0"

[environments.live]
production = true

[features]
P2 = ["reviews"]

[[components]]
alias = "gateway"
layer = "gateway"
id = "prometheus/gateway"
preset = "ingress-nginx"
match = 'ingress="shop"'

[components.signals.success]
query = 'sum(up)'
unit = "ratio"

[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"

[aliases]
features = "redis/cache"

[[rules]]
signal = "gateway.p95"
above = "300ms"
for = "30s"
health = "crit"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "seawall.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path: Path, text: str = GOOD, environment: str | None = None) -> Environment:
    return load(written(tmp_path, text), environment)


def test_a_good_config_is_read_whole(tmp_path: Path) -> None:
    environment = read(tmp_path)
    assert environment.name == "staging"
    assert list(environment.connectors) == ["prometheus", "redis"]
    assert environment.layout.layers == ("gateway", "cache")
    assert environment.layout.interval == 2.0
    assert {query.signal for query in environment.queries} >= {"p95", "errors", "success"}
    assert all(query.component == "prometheus/gateway" for query in environment.queries)
    rule = environment.layout.rules[0]
    assert (rule.signal, rule.above, rule.hold, rule.health) == ("gateway.p95", 0.3, 30.0, Health.CRIT)


def test_the_example_in_the_docs_is_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = Path(__file__).parents[2] / "docs" / "config.md"
    example = docs.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    secret = written(tmp_path, "secret")
    for name in ("PROM_TOKEN", "KAFKA_PASSWORD"):
        monkeypatch.setenv(name, "secret")
    environment = read(tmp_path, example.replace("/run/secrets/redis", str(secret)))
    assert tuple(dict.fromkeys(map(system_of, environment.connectors))) == CONNECTORS


def test_another_environment_is_chosen_by_name(tmp_path: Path) -> None:
    environment = read(tmp_path, environment="live")
    assert environment.production
    assert environment.connectors == {}


def test_several_of_a_kind_each_have_a_table_and_a_name(tmp_path: Path) -> None:
    clusters = (
        '[environments.staging.kubernetes-us]\ncontext = "us"\n\n[environments.staging.kubernetes]\ncontext = "eu"\n'
    )
    environment = read(tmp_path, f"{GOOD}\n{clusters}")
    assert list(environment.connectors) == ["prometheus", "redis", "kubernetes", "kubernetes-us"]
    assert kind_of("kubernetes-us/hpa/shop/api") == kind_of("kubernetes/hpa/shop/api") == "kubernetes/hpa"


def test_aliases_resolve_by_kind(tmp_path: Path) -> None:
    layout = read(tmp_path).layout
    assert layout.resolve("features") == "redis/cache"
    assert layout.resolve("gateway", "prometheus") == "prometheus/gateway"
    assert layout.resolve("gateway", "kubernetes/hpa") is None
    assert layout.resolve("nobody") is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        pytest.param("interval =", "intervall =", 4, "did you mean 'interval'", id="unknown key"),
        pytest.param('name = "cache"', 'nam = "cache"', 10, "unknown key 'nam'", id="unknown key of a connector"),
        pytest.param("interval = 2.0", 'interval = "2"', 4, "expected `float`, got `str`", id="wrong type"),
        pytest.param("interval = 2.0", "interval = 0.0", 4, "expected 0.2 to 3600", id="out of range"),
        pytest.param("production = true", "production = true\nproduction = true", 15, "not TOML", id="duplicate key"),
        pytest.param('url = "http', "url = http", 7, "not TOML", id="syntax"),
        pytest.param('unit = "ratio"', 'unit = "percent"', 28, "invalid enum value 'percent'", id="unknown unit"),
        pytest.param('alias = "cache"', 'alias = "gateway"', 31, "is taken", id="alias twice"),
        pytest.param('alias = "cache"', 'alias = "cache.a"', 31, "without '.' and '/'", id="alias with a dot"),
        pytest.param(
            'signal = "gateway.p95"', 'signal = "gatway.p95"', 39, "no signal of a component", id="rule's alias"
        ),
        pytest.param('signal = "gateway.p95"', 'signal = "p95"', 39, "expected ALIAS.NAME", id="rule without alias"),
        pytest.param('id = "redis/cache"', 'id = "rediss/cache"', 33, "not a component id", id="unknown system"),
        pytest.param('"ingress-nginx"', '"ingres"', 23, "no preset 'ingres'", id="unknown preset"),
        pytest.param('above = "300ms"', 'above = "300 parsec"', 40, "expected a number with its unit", id="bad bound"),
        pytest.param('above = "300ms"', "above = nan", 40, "expected a finite number", id="no number"),
        pytest.param('for = "30s"', 'for = "70%"', 41, "expected a duration", id="no duration"),
        pytest.param('for = "30s"', "for = -1", 41, "expected a duration", id="before it began"),
        pytest.param('name = "cache"', "timeout = inf", 10, "at most 10 seconds", id="no end"),
        pytest.param('name = "cache"', "timeout = 0", 10, "expected more than 0", id="no time"),
        pytest.param("interval = 2.0", 'state = "~nobody-here/x"', 4, "no such home", id="nobody's home"),
        pytest.param('above = "300ms"', "", 38, "exactly one of `above` and `below`", id="no bound"),
        pytest.param('health = "crit"', 'health = "bad"', 42, "expected 'warn' or 'crit'", id="bad health"),
        pytest.param(
            'environment = "staging"', 'environment = "prod"', 1, "no environment 'prod'", id="no such default"
        ),
        pytest.param(
            "production = true", "production = true\narmed = true", 15, "does not start armed", id="armed live"
        ),
    ],
)
def test_each_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    environment = "live" if "production" in old else None
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, environment)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'seawall.toml'}:{line}: ")
    assert words in message
    assert "\n" not in message


def test_a_missing_secret_names_its_line_and_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAWALL_NO_SUCH", raising=False)
    text = GOOD.replace('name = "cache"', 'name = "cache"\npassword = "env:SEAWALL_NO_SUCH"')
    with pytest.raises(ConfigError, match=r"seawall\.toml:11: secret env:SEAWALL_NO_SUCH is not set"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("place", "words"),
    [("{}/bytes", "not a file of UTF-8 text"), ("{}", "Is a directory"), ("~nobody-here/x", "not a file of")],
)
def test_a_secret_that_cannot_be_read_is_one_line_without_it(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "bytes").write_bytes(b"canary\xff")
    text = GOOD.replace('name = "cache"', f'name = "cache"\npassword = "file:{place.format(tmp_path)}"')
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_secret_written_out_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = GOOD.replace('name = "cache"', 'name = "cache"\npassword = "hunter2canary"')
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert "env:NAME" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_secret_has_no_text_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_CANARY", "canary-value")
    secret = Secret("env:SEAWALL_CANARY")
    assert secret.reveal() == "canary-value"
    assert "canary-value" not in f"{secret} {secret!r} {vars(type(secret))}"


def test_no_config_says_where_it_looked_and_offers_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SEAWALL_CONFIG", raising=False)
    with pytest.raises(NoConfig, match=r"seawall\.toml.*seawall demo"):
        find()


def test_the_named_file_comes_before_the_folder_and_the_folder_before_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SEAWALL_CONFIG", raising=False)
    (tmp_path / "home" / "seawall").mkdir(parents=True)
    mine = written(tmp_path / "home" / "seawall", GOOD)
    assert find() == mine
    here = written(tmp_path, GOOD)
    assert find().resolve() == here
    named = tmp_path / "other.toml"
    named.write_text(GOOD)
    monkeypatch.setenv("SEAWALL_CONFIG", str(named))
    assert find() == named


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")
