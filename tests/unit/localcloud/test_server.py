"""What the server process may see."""

from pathlib import Path

from localcloud.layout import Layout
from localcloud.server import environment


def test_the_server_passes_nothing_of_its_users_environment_on(tmp_path: Path) -> None:
    mine = {"PATH": "/usr/bin", "GITHUB_TOKEN": "ghp_secret", "AWS_ACCESS_KEY_ID": "AKIA", "HOME": "/home/me"}
    given = environment(Layout(tmp_path), 1234, mine)

    assert "GITHUB_TOKEN" not in given
    assert "AWS_ACCESS_KEY_ID" not in given
    assert given["HOME"].startswith(str(tmp_path))
    assert given["TMPDIR"].startswith(str(tmp_path))
    assert given["AUTH"] == "true"
