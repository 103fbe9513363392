"""Whether credentials were renewed at their place, wherever in the settings they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.credentials import fingerprint
from connectors.secret import Secret
from connectors.settings.kubernetes import Settings as Kubernetes
from connectors.settings.prometheus import Settings


@pytest.mark.parametrize(
    "of",
    [
        lambda place: Settings(url="http://h", token=Secret(f"file:{place}")),
        lambda place: Settings(url="http://h", headers={"X-Key": Secret(f"file:{place}")}),
        lambda place: Settings(url="http://h", cert_file=place),
    ],
    ids=["token", "header", "certificate"],
)
def test_a_file_that_is_written_anew_is_noticed(tmp_path: Path, of: object) -> None:
    assert callable(of)
    place = tmp_path / "secret"
    settings = of(str(place))
    missing = fingerprint(settings)
    place.write_text("one")
    first = fingerprint(settings)
    assert fingerprint(settings) == first != missing
    (tmp_path / "new").write_text("two and more")
    (tmp_path / "new").replace(place)
    assert fingerprint(settings) != first


@pytest.mark.parametrize(
    "text",
    [
        "users:\n- name: me\n  user:\n    tokenFile: token\n",
        "users:\n- {name: me, user: {tokenFile: '{folder}/token'}}\n",
        '{"users": [{"name": "me", "user": {"client-key": "{folder}/key", "tokenFile": "token"}}]}',
    ],
    ids=["block", "flow", "JSON"],
)
def test_a_file_that_a_kubeconfig_names_is_one_of_its_places(tmp_path: Path, text: str) -> None:
    kubeconfig, token = tmp_path / "config", tmp_path / "token"
    kubeconfig.write_text(text.replace("{folder}", str(tmp_path)))
    settings = Kubernetes(kubeconfig=str(kubeconfig))
    before = fingerprint(settings)
    token.write_text("new")
    assert fingerprint(settings) != before


def test_what_is_in_the_environment_is_not_looked_at() -> None:
    assert fingerprint(Settings(url="http://h", token=Secret("env:NOWHERE"))) == ()
