"""An options file says how the servers differ from plain ones, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from connectors.simulator.kafka.rights import Right
from connectors.simulator.kubernetes.options import Denial
from connectors.simulator.options import BadOptions, Options, read_options


def options(folder: Path, text: str) -> Options:
    path = folder / "estate.toml"
    path.write_text(text)
    return read_options(path)


def certificates(folder: Path) -> None:
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")


def test_an_empty_file_is_plain_servers(tmp_path: Path) -> None:
    assert options(tmp_path, "") == Options()


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    certificates(tmp_path)
    sealed = 'certificate = "server.pem"\nkey = "server.key"\n'
    found = options(
        tmp_path,
        f'[kafka]\nsecurity = "SASL_SSL"\nusers = {{ann = "secret"}}\nrights = {{ann = ["read"]}}\n{sealed}'
        f'[redis]\nreplicas = 2\npassword = "pass"\nusers = {{ann = "on >secret ~* +@read"}}\n{sealed}'
        '[kubernetes]\ndeny = [{verb = "patch", resource = "deployments"}]\ntoken_seconds = 30\nexec_plugin = true\n'
        f"gitops = true\nkeda = true\npods = 100\n{sealed}",
    )
    assert (found.kafka.security, found.kafka.users) == ("SASL_SSL", {"ann": "secret"})
    assert found.kafka.rights == {"ann": {Right.READ}}
    assert (found.redis.replicas, found.redis.password, found.redis.cluster) == (2, "pass", False)
    assert found.redis.users == {"ann": "on >secret ~* +@read"}
    assert found.kubernetes.deny == (Denial("patch", "deployments"),)
    assert (found.kubernetes.token_seconds, found.kubernetes.exec_plugin, found.kubernetes.pods) == (30, True, 100)
    assert (found.kubernetes.gitops, found.kubernetes.keda) == (True, True)
    assert "BEGIN CERTIFICATE" in found.kubernetes.authority
    assert None not in (found.kafka.tls, found.redis.tls, found.kubernetes.tls)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[kafka", "estate.toml"),
        ("[postgres]\n", "unknown field `postgres`"),
        ("[redis]\nreplica = 2\n", "unknown field `replica`.*redis"),
        ("[redis]\nreplicas = 1\ncluster = true\n", "replicas or cluster, not both"),
        ("[redis]\nreplicas = -1\n", r"`int` >= 0.*redis\.replicas"),
        ('[kafka]\nsecurity = "TLS"\n', r"Invalid enum value 'TLS'.*kafka\.security"),
        ('[kafka]\nsecurity = "SSL"\n', "SSL and a TLS context: both or neither"),
        ('[redis]\ncertificate = "server.pem"\n', "certificate and key: both or neither"),
        ('[kafka.rights]\nann = ["fly"]\n', "Invalid enum value 'fly'"),
        ("[kubernetes]\ntoken_seconds = 0\n", r"> 0\.0.*token_seconds"),
        ("[kubernetes]\npods = 1000000\n", "<= 10000"),
    ],
)
def test_what_no_estate_can_be_names_the_file_and_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadOptions, match=complaint) as bad:
        options(tmp_path, text)
    assert str(tmp_path / "estate.toml") in str(bad.value)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere\.toml"):
        read_options(tmp_path / "nowhere.toml")
