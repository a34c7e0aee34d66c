"""`[image]` on the local cloud: built by `deploy`, used by one target, named in the trail, and taken away again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.github.commits import Author
from localcloud.github.seed import seed
from localcloud.layout import CHECKOUT, STATES
from pointsman.core.model import RolloutState
from pointsman.core.trail.events import BuildReported
from pointsmanctl.demo.observer import Observer
from tests.support.operator import Settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

TARGET = "dev/eu-west-1"
STANDARD = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
PREBUILT = "acme/prebuilt"
DEFAULTS = "roles/app/defaults/main.yml"
REGIONS = ["us-east-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-west-1"]


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settled]:
    """An operator who asks for the image, with a package of the team's. The target has its former image afterwards."""
    operator = Settled(cloud, tmp_path_factory.mktemp("image"))
    (operator.directory / "routes.yaml").write_text((STATES / "e2e-routes.yaml").read_text())
    (operator.directory / "python.txt").write_text("requests==2.32.5\n")
    operator.settings('[image]\npython = "python.txt"\n')
    yield operator
    operator.settings(f'[workers.parameters]\nImage = "{STANDARD}"\n')
    done = operator.run("deploy", "--yes", "--only", TARGET, "--no-doctor")
    assert done.returncode == 0, done.stderr
    assert environment_of(cloud) == {"image": STANDARD, "imagePullCredentialsType": "CODEBUILD"}
    done = operator.run("destroy", "--only", "image", "--confirm", "pointsman")
    assert done.returncode == 0, done.stderr


def environment_of(cloud: LocalCloud, name: str = "pointsman") -> dict[str, Any]:
    codebuild = cloud.client("codebuild", *TARGET.split("/"))
    [project] = codebuild.batch_get_projects(names=[name])["projects"]
    return {key: project["environment"][key] for key in ("image", "imagePullCredentialsType")}


@pytest.fixture(scope="module")
def image(cloud: LocalCloud, operator: Settled) -> str:
    """The image that `deploy` built for the target."""
    planned = operator.run("deploy", "--plan", "--only", "image", "--only", TARGET)
    assert planned.returncode == 0, planned.stderr
    assert f"The run image is built and pushed to {', '.join(REGIONS)}; workers get it then." in planned.stderr
    done = operator.run("deploy", "--yes", "--only", "image", "--only", TARGET)
    assert done.returncode == 0, done.stderr
    assert f"image: built, in {', '.join(REGIONS)}" in done.stderr
    return str(environment_of(cloud)["image"])


def test_apply_and_check_use_the_image_by_its_digest_with_their_own_roles(cloud: LocalCloud, image: str) -> None:
    repository, _, digest = image.partition("@")
    assert repository == "111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image"
    assert digest.startswith("sha256:")
    for project in ("pointsman", "pointsman-check"):
        assert environment_of(cloud, project) == {"image": image, "imagePullCredentialsType": "SERVICE_ROLE"}


def test_a_second_deployment_builds_nothing(operator: Settled, image: str) -> None:
    done = operator.run("deploy", "--yes", "--only", "image", "--only", TARGET, "--no-doctor")
    assert done.returncode == 0, done.stderr
    assert "Nothing to change: every stack is in the state of this version." in done.stderr


def test_doctor_finds_the_image(operator: Settled, image: str) -> None:
    done = operator.run("doctor", "--all", "--only", TARGET)
    line = next(line for line in done.stdout.splitlines() if " image " in line)
    assert "builds may pull it" in line, done.stdout


def test_a_run_installs_nothing_and_the_trail_names_the_image(world: Observer, image: str) -> None:
    repository = world.cloud.github.repository(PREBUILT)
    seed(repository)
    defaults = (CHECKOUT / "examples" / "infra" / DEFAULTS).read_text()
    files: dict[str, str | bytes | Path | None] = {DEFAULTS: f"{defaults}# from an image\n"}
    pushed = world.cloud.github.push(
        files, "Say it from an image", author=Author("Hana Ito", "hana@example.com"), repository=PREBUILT
    )
    rollout, runs = world.end_of(pushed.delivery)
    assert rollout.state is RolloutState.SUCCEEDED, [run.reason for run in runs.values()]
    assert world.first(rollout.id, BuildReported).image == image
    [build] = [run.build_arn for run in runs.values()]
    assert build
    stream = build.rpartition(":")[2]
    logs = world.cloud.client("logs", "dev", "eu-west-1")
    events = logs.get_log_events(logGroupName="/pointsman/builds", logStreamName=stream, startFromHead=True)["events"]
    text = "\n".join(each["message"] for each in events)
    assert "install-ansible: the image has every package in the right version: nothing to install" in text
