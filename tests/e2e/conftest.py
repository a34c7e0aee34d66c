"""One local cloud for every end-to-end test: the real templates deployed, IAM enforced, ten hosts."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from localcloud.cloud import LocalCloud
from localcloud.layout import CHECKOUT, STATES
from pointsmanctl.demo.observer import Observer

# What the route platform names.
VAULT_PASSWORD, DB_PASSWORD = "open sesame", "k8-Vr2mQz"
# Beside the repository's own rules, which are for acme/infra alone.
MORE_ROUTES = """
  - name: preview
    repository: acme/pre*
    on:
      push: {branches: [main], paths: [roles/**], actors-ignore: [robot], messages-ignore: [{regex: "(?i)^wip"}]}
      pull_request: {branches: [main], head-branches: [feature/**], paths: [roles/**]}
    targets:
      - {account: dev, region: eu-west-*, tags: [app]}
    playbook: site.yml

  - name: platform # a repository of its own layout, with secrets, two inventories and a role in a submodule
    repository: acme/platform
    on: {push: {branches: [main], paths: [ansible/**]}}
    targets: [dev/eu-west-1]
    directory: ansible
    playbook: playbooks/app.yml
    inventory: inventory
    vault: infra/vault
    secrets: {db_password: {secret: infra/database, key: password}}
    forks: 2

  - name: contact # the same repository with Pointsman's inventory
    repository: acme/platform
    on: {push: {branches: [main], paths: [ansible/**]}}
    targets: [dev/eu-central-1]
    directory: ansible
    playbook: playbooks/contact.yml

  - name: machines # a repository whose playbooks wait, or fail, until a test lets them go on
    repository: acme/machines
    on: {push: {branches: [main]}}
    targets: [dev/ap-southeast-2]
    playbook: play.yml
    inventory: hosts.ini

  - name: newcomers # the only route that configures new instances
    repository: acme/newcomers
    on: {push: {branches: [main]}}
    targets: [dev/ca-central-1]
    playbook: site.yml
    new_instances: true
  - name: drifters # the only route that checks for drift
    repository: acme/drifters
    on: {push: {branches: [main]}}
    targets: [dev/eu-west-1]
    playbook: site.yml
    drift: rate(1 day)
  - name: enterprise # of an installation of its own, for GitHub Enterprise Server
    repository: acme/enterprise
    on: {push: {branches: [main], paths: [site.yml]}}
    targets: [prod/ap-southeast-2]
    playbook: site.yml

  - name: fleet # three waves, with a person's approval after the canary
    repository: acme/fleet
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    waves:
      - targets: [dev/eu-west-1]
      - targets: [prod/eu-west-1]
        hosts: {serial: 1}
        after: {approval: {by: ["team:ops"], within: 24h, not_author: true}}
      - targets: [prod/us-east-1, prod/eu-central-1]
        max_parallel: 1

  - name: soaking # a gate that is open for an hour, unless an alarm closes it
    repository: acme/soaking
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    waves:
      - targets: [dev/eu-west-1]
        after: {soak: 1h, alarms: ["arn:aws:cloudwatch:eu-west-1:333333333333:alarm:shop-errors"]}
      - targets: [prod/eu-west-1]

  - name: tolerant # a host may fail on the canary
    repository: acme/tolerant
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    waves:
      - targets: [dev/eu-central-1]
        tolerate: {failed_hosts: 1}
      - targets: [prod/eu-central-1]

  - name: pair # two targets at once
    repository: acme/pair
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    targets: [dev/eu-central-1, prod/eu-central-1]

  - name: careful # goes back by itself
    repository: acme/careful
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    waves: [{targets: [dev/us-east-1]}, {targets: [prod/us-east-1]}]
    on_failure: rollback

  - name: frozen # in a window that has begun, and lasts longer than the tests
    repository: acme/frozen
    on: {push: {branches: [main]}}
    playbook: play.yml
    inventory: hosts.ini
    targets: [dev/us-east-1]
    freeze: {cron: "FREEZE", for: 5d}

people:
  hana: arn:aws:sts::111111111111:assumed-role/test-hana/test
  kofi: arn:aws:sts::111111111111:assumed-role/test-kofi/test
teams:
  ops: [hana, kofi]
"""


# Files without the local cloud of the others. Each may run in any process; the others share one process, and the cloud.
APART = frozenset(
    f"test_{name}"
    for name in (
        "ansible_callback",
        "ansible_callback_runs",
        "ansible_local_run",
        "ansible_playbooks",
        "ansible_recorded",
        "ansible_recorder_fails",
        "ansible_serial",
        "ansible_whole_system",
        "demo",
        "first_deployment",
        "repositories",
    )
)


class _OneCloud(LoadScopeScheduling):  # type: ignore[misc]
    """Distributes files; the tests of the local cloud count as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0]).stem
        return file if file in APART else "cloud"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """For `-n 2`."""
    return _OneCloud(config, log)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Refuse a second local cloud."""
    for item in items:
        if item.path.stem in APART and "cloud" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid} uses the local cloud: remove its file from APART in {__file__}")


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, with everything deployed; ended at the end."""
    state = STATES / "e2e"
    rules = STATES / "e2e-routes.yaml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    more = MORE_ROUTES.replace("FREEZE", f"0 0 {yesterday.day} {yesterday.month} *")
    rules.write_text((CHECKOUT / "routes.yaml").read_text() + more)
    with pytest.MonkeyPatch.context() as patch, LocalCloud.replacing(state) as running:
        patch.setenv("POINTSMAN_ROUTES", str(rules))
        running.up()
        secrets = running.client("secretsmanager", "dev", "eu-west-1")
        secrets.create_secret(Name="infra/vault", SecretString=VAULT_PASSWORD)
        secrets.create_secret(Name="infra/database", SecretString=json.dumps({"password": DB_PASSWORD}))
        yield running


@pytest.fixture(scope="session")
def world(cloud: LocalCloud) -> Observer:
    """Short ways to push, wait and ask."""
    return Observer(cloud)
