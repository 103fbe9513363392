"""``init``, ``doctor`` and ``query`` on real servers: what they say is what the systems' own tools say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from console.config import load
from tests.console.test_cli import seawall
from tests.real.kubernetes import LOOKER, a_real_cluster, kubeconfig_that_only_looks, shop_namespace
from tests.real.redis import start_redis

REDIS = """\
[environments.test.redis]
url = "{url}"
{user}
[features]
P2 = ["reviews"]

[aliases]
features = "redis/cache"

[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"
"""
CLUSTER = """\
[environments.test.kubernetes]
kubeconfig = "{kubeconfig}"
namespaces = ["{namespace}"]

[[components]]
alias = "workers"
layer = "workers"
id = "kubernetes/deployment/{namespace}/workers"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A real cluster's kubeconfig, and a namespace with a shop and three Services in it."""
    with a_real_cluster(tmp_path_factory.mktemp("cluster")) as kubeconfig, shop_namespace(kubeconfig) as namespace:
        for name, port in (("thanos-query", 10902), ("orders-kafka-bootstrap", 9092), ("redis-master", 6379)):
            kubectl(kubeconfig, namespace, "create", "service", "clusterip", name, f"--tcp={port}:{port}")
        yield kubeconfig, namespace


def kubectl(kubeconfig: str, namespace: str, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", kubeconfig, "-n", namespace, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.real("kubernetes")
def test_on_a_real_cluster_it_finds_what_kubectl_finds(tmp_path: Path, real: tuple[str, str]) -> None:
    kubeconfig, namespace = real
    made = seawall(tmp_path, "init", "--kubeconfig", kubeconfig, "-n", namespace)
    assert made.code == 0
    environment = load(tmp_path / "seawall.toml")
    found = {each for placement in environment.layout.placements for each in placement.ids}
    listed: dict[str, Any] = json.loads(kubectl(kubeconfig, namespace, "get", "deploy,hpa", "-o", "json"))
    short = {"Deployment": "deployment", "HorizontalPodAutoscaler": "hpa"}
    expected = {f"kubernetes/{short[each['kind']]}/{namespace}/{each['metadata']['name']}" for each in listed["items"]}
    assert expected
    assert expected <= found
    text = (tmp_path / "seawall.toml").read_text()
    assert f"kubectl -n {namespace} port-forward svc/thanos-query 10902:10902" in text
    assert 'bootstrap = ["127.0.0.1:9092"]' in text
    assert seawall(tmp_path, "config", "validate").code == 0


@pytest.mark.real("kubernetes")
@pytest.mark.parametrize("may", [True, False], ids=["an administrator", "who only looks"])
def test_the_doctor_says_of_a_real_cluster_what_kubectl_auth_says(
    tmp_path: Path, real: tuple[str, str], may: bool
) -> None:
    kubeconfig, namespace = real
    chosen = kubeconfig if may else looking(kubeconfig, namespace, tmp_path)
    (tmp_path / "seawall.toml").write_text(CLUSTER.format(kubeconfig=chosen, namespace=namespace))
    done = seawall(tmp_path, "doctor", "--json")
    document = json.loads(done.out)
    asked = subprocess.run(
        ["kubectl", "--kubeconfig", chosen, "-n", namespace, "auth", "can-i", "patch", "deployments.apps"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert asked.stdout.strip() == ("yes" if may else "no")
    verdict = next(each for each in document["playbooks"] if each["name"] == "scale-workers")
    assert verdict["verdict"] == ("could" if may else "could not")
    assert [write["grade"] for write in verdict["writes"]] == [asked.stdout.strip()]
    version = json.loads(kubectl(chosen, namespace, "get", "--raw", "/version"))["gitVersion"]
    assert version in source(document, "kubernetes")["version"]
    assert may or LOOKER in source(document, "kubernetes")["who"]


def looking(kubeconfig: str, namespace: str, folder: Path) -> str:
    path = kubeconfig_that_only_looks(kubeconfig, namespace, folder / "looker")
    Path(path).chmod(0o600)
    return path


def source(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(each for each in document["sources"] if each["name"] == name)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a user who may look, and no more."""
    rights = "+info +ping +time +client +hello +hgetall"
    with start_redis(tmp_path_factory.mktemp("redis"), "--maxmemory", "64mb") as url:
        redis_cli(url, "ACL", "SETUSER", "ann", "on", ">canary-of-ann", "~*", *rights.split())
        yield url


def redis_cli(url: str, *arguments: str) -> str:
    command = ["redis-cli", "-u", url, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout


def info(url: str) -> dict[str, str]:
    lines = [line.strip().partition(":") for line in redis_cli(url, "INFO").splitlines()]
    return {key: value for key, colon, value in lines if colon}


@pytest.mark.real("redis")
@pytest.mark.parametrize("user", ["", "ann"])
def test_the_doctor_knows_what_a_real_servers_user_may(tmp_path: Path, redis: str, user: str) -> None:
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("canary-of-ann")
    who = f'user = "{user}"\npassword = "file:{password}"' if user else ""
    (tmp_path / "seawall.toml").write_text(REDIS.format(url=redis, user=who))
    done = seawall(tmp_path, "doctor", "--json")
    document = json.loads(done.out)
    found = source(document, "redis")
    assert found["version"] == f"Redis {info(redis)['redis_version']}"
    assert found["identity"] != ""
    assert abs(found["skew"]) < 2
    verdicts = {each["name"]: each["verdict"] for each in document["playbooks"]}
    assert verdicts["read-only"] == ("could not" if user else "could")
    assert verdicts["scale-workers"] == "not here"
    assert done.code == (1 if user else 0)
    assert "canary" not in done.out + done.err


@pytest.mark.real("redis")
def test_a_query_says_what_redis_cli_says(tmp_path: Path, redis: str) -> None:
    for number in range(50):
        redis_cli(redis, "SET", f"k{number}", "v" * 1000)
    (tmp_path / "seawall.toml").write_text(REDIS.format(url=redis, user=""))
    done = seawall(tmp_path, "query", "cache", "--json")
    told = info(redis)
    signals = {each["name"]: each for each in json.loads(done.out)["signals"]}
    assert signals["cache.memory_max"]["reading"]["value"] == float(told["maxmemory"])
    assert signals["cache.memory"]["reading"]["value"] == pytest.approx(float(told["used_memory"]), rel=0.1)
    assert signals["cache.blocked"]["reading"]["value"] == float(told["blocked_clients"])
    assert "INFO" in signals["cache.memory"]["query"].upper()
