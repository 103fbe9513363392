"""What of this machine a console depends on: who else may read its secrets or write its files, and room."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import load
from console.doctor.here import _terminal, findings
from console.model.examination import Finding, Grade
from tests.console.test_config import GOOD, written


def about(tmp_path: Path, name: str, text: str = GOOD, directories: tuple[Path, ...] = ()) -> list[Finding]:
    """The findings about files of that name."""
    environment = load(written(tmp_path, text.replace("interval = 2.0", f'state = "{tmp_path / "state"}"')))
    return [each for each in findings(environment, directories) if name in each.what]


@pytest.mark.parametrize(("mode", "grade"), [(0o600, Grade.YES), (0o640, Grade.NO), (0o604, Grade.NO)])
def test_a_secret_that_others_may_read_is_named(tmp_path: Path, mode: int, grade: Grade) -> None:
    secret = tmp_path / "password"
    secret.write_text("canary")
    secret.chmod(mode)
    (found,) = about(tmp_path, "/password is", GOOD.replace('name = "cache"', f'password = "file:{secret}"'))
    assert found.grade is grade
    assert found.advice == ("" if grade is Grade.YES else f"chmod go= {secret}")


@pytest.mark.parametrize(("mode", "grade"), [(0o644, Grade.YES), (0o664, Grade.NO), (0o646, Grade.NO)])
def test_a_config_that_others_may_write_is_named(tmp_path: Path, mode: int, grade: Grade) -> None:
    path = written(tmp_path, GOOD)
    environment = load(path)
    path.chmod(mode)
    found = next(each for each in findings(environment, ()) if str(path) in each.what)
    assert found.grade is grade


def test_a_kubeconfig_is_as_private_as_a_secret(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("{}")
    kubeconfig.chmod(0o644)
    table = f'[environments.staging.kubernetes]\nkubeconfig = "{kubeconfig}"\n\n[features]'
    (found,) = about(tmp_path, "/kubeconfig is", GOOD.replace("[features]", table))
    assert found.grade is Grade.NO


def test_a_playbook_that_others_may_write_is_named(tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir(mode=0o755)
    mine = own / "mine.yaml"
    mine.touch()
    mine.chmod(0o666)
    grades = {each.what.split(" ")[0]: each.grade for each in about(tmp_path, "playbooks", directories=(own,))}
    assert grades == {str(own): Grade.YES, str(mine): Grade.NO}


def test_journals_need_a_place_that_can_be_written(tmp_path: Path) -> None:
    (found,) = about(tmp_path, "journals can")
    assert found.grade is Grade.YES
    assert not (tmp_path / "state").exists()  # looking makes nothing


def test_without_a_terminal_that_is_a_note() -> None:
    assert [each.grade for each in _terminal({})] == [Grade.NOTE]
