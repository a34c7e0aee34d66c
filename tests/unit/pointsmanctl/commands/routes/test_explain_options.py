"""`pointsman routes explain` shows the options of a run: as the command that a build runs, and for programs."""

import json
from pathlib import Path

from typer.testing import CliRunner

from pointsmanctl.main import app


def test_explain_shows_the_options_of_a_run(tmp_path: Path) -> None:
    rules = tmp_path / "routes.yaml"
    rules.write_text(
        """
accounts: {dev: "222222222222"}
regions: [eu-west-1]
routes:
  - name: site
    repository: acme/infra
    on: [push, pull_request]
    playbook: site.yml
    targets: all
    directory: infra/ansible
    inventory: [hosts.ini, ../dev]
    vault: [pointsman/vault, {id: dev, secret: dev/vault}]
    secrets: {db_password: {secret: prod/db, key: password}, token: {parameter: /prod/token}}
    skip_tags: [slow, web]
    forks: 20
    verbosity: 2
    env: {MOTD: it's here}
"""
    )
    words = ["routes", "explain", "--routes", str(rules), "--repo", "acme/infra", "--files", "a"]
    [site] = json.loads(CliRunner().invoke(app, [*words, "--branch=main", "--output=json"]).stdout)
    [run] = site["would_run"]
    assert run["options"]["secrets"] == {
        "db_password": {"secret": "prod/db", "key": "password"},
        "token": {"parameter": "/prod/token"},
    }
    text = " ".join(CliRunner().invoke(app, [*words, "--branch=main"]).stdout.split())
    assert (
        """site: MOTD='it'"'"'s here' ansible-playbook site.yml --inventory=hosts.ini --inventory=../dev """
        "--skip-tags=slow,web --forks=20 -vv --vault-id=default@pointsman/vault --vault-id=dev@dev/vault "
        "in infra/ansible/ on dev/eu-west-1 secret variable db_password from secret prod/db, key password "
        "secret variable token from parameter /prod/token"
    ) in text
    [site] = json.loads(CliRunner().invoke(app, [*words, "--base=main", "--head=x", "--output=json"]).stdout)
    assert not {"vault", "secrets"} & site["would_run"][0]["options"].keys()
