"""`pointsman deploy` on the local cloud, with profiles as on AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.layout import STATES
from tests.support.operator import Operator, Settled, actions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Settled:
    operator = Settled(cloud, tmp_path_factory.mktemp("operator"))
    (operator.directory / "routes.yaml").write_text((STATES / "e2e-routes.yaml").read_text())
    operator.settings("")
    return operator


def timeout_of(cloud: LocalCloud, account: str, region: str) -> int:
    [project] = cloud.client("codebuild", account, region).batch_get_projects(names=["pointsman"])["projects"]
    return int(project["timeoutInMinutes"])


def test_from_an_empty_directory_by_options(cloud: LocalCloud, tmp_path: Path) -> None:
    newcomer = Operator(cloud, tmp_path)
    answers = ("--profile", "control", "--account", "dev=dev", "--account", "prod=prod", "--repository", "acme/infra")
    done = newcomer.run("init", "--yes", *answers, "--regions", "us-east-1,eu-west-1", "--slack-channel", "C0000000001")
    assert done.returncode == 0, done.stderr
    done = newcomer.run("deploy", "--yes", "--only", "*/eu-west-1")  # the external id is the deployed one
    assert done.returncode == 0, done.stderr
    assert actions(done.stdout) == {"dev/eu-west-1": "unchanged", "prod/eu-west-1": "unchanged"}
    assert newcomer.run("doctor").returncode == 0


def test_a_second_deployment_changes_nothing_and_says_so(operator: Settled) -> None:
    done = operator.run("deploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Links: " in done.stderr
    assert " broken" not in done.stderr, done.stdout
    assert "Nothing to change: every stack is in the state of this version." in done.stderr
    assert set(actions(done.stdout).values()) == {"unchanged"}
    assert len(actions(done.stdout)) == 11


def test_without_a_terminal_it_does_not_ask_and_changes_nothing(cloud: LocalCloud, operator: Settled) -> None:
    operator.settings("[accounts.dev.parameters]\nBuildTimeoutMinutes = 59\n")
    done = operator.run("deploy", "--only", "dev/*")
    assert done.returncode == 2
    assert "use --yes to deploy, or --plan to stop here" in done.stderr
    assert set(actions(done.stdout).values()) == {"update"}
    assert timeout_of(cloud, "dev", "eu-west-1") == 60


@pytest.fixture
def foreign_bucket(cloud: LocalCloud) -> Iterator[str]:
    """Names of artifacts buckets, of which the one for prod/eu-west-1 belongs to the account dev."""
    s3 = cloud.client("s3", "dev", "eu-west-1")
    name = "team-artifacts-333333333333-eu-west-1"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield "team-artifacts-{account}-{region}"
    s3.delete_bucket(Bucket=name)


def test_a_failed_region_is_named_with_its_reason_and_does_not_stop_the_others(
    cloud: LocalCloud, operator: Settled, foreign_bucket: str
) -> None:
    operator.settings("[workers.parameters]\nBuildTimeoutMinutes = 59\n", f'artifacts_bucket = "{foreign_bucket}"\n')
    done = operator.run("deploy", "--yes", "--only", "*/eu-west-1", "--no-doctor")
    assert done.returncode == 1, done.stdout
    assert "prod/eu-west-1: cannot be deployed: bucket team-artifacts-333333333333-eu-west-1" in done.stderr
    assert "dev/eu-west-1: updated in" in done.stderr
    assert timeout_of(cloud, "dev", "eu-west-1") == 59
    assert timeout_of(cloud, "prod", "eu-west-1") == 60


def test_the_next_deployment_brings_what_is_left(cloud: LocalCloud, operator: Settled) -> None:
    operator.settings("[workers.parameters]\nBuildTimeoutMinutes = 60\n")
    done = operator.run("deploy", "--yes", "--only", "*/*", "--no-doctor")
    assert done.returncode == 0, done.stderr
    assert {name for name, action in actions(done.stdout).items() if action == "update"} == {"dev/eu-west-1"}
    assert timeout_of(cloud, "dev", "eu-west-1") == 60


def test_credentials_of_another_account_are_refused_before_anything_happens(operator: Settled) -> None:
    operator.settings("")
    swapped = (operator.directory / "pointsman.toml").read_text().replace('profile = "dev"', 'profile = "prod"')
    (operator.directory / "pointsman.toml").write_text(swapped)
    done = operator.run("deploy", "--yes")
    assert done.returncode == 4
    assert "account dev: the credentials are of 333333333333, but routes.yaml has 222222222222" in done.stderr
