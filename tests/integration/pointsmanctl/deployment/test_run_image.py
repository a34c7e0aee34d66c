"""The run image on the local cloud: built once from the real template, in every region, by digest in every worker."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud import stacks
from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.destruction import Destruction
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import NoProgress
from pointsmanctl.deployment.run_image.ecr_image import EcrImage
from pointsmanctl.deployment.run_image.images import RunImage
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.doctor.examine import Examination
from pointsmanctl.doctor.model import CheckResult
from pointsmanctl.errors import DeploymentFailed
from tests.support.deployment import RecordedProgress, deployer, installation

CONTROL = "111111111111"
TARGETS = ["dev/eu-west-1", "prod/us-east-1"]
IMAGE_STACKS = ["image:us-east-1", "image:eu-west-1"]


class Team:
    """A team whose installation has a run image, with the smallest control and worker stacks."""

    def __init__(self, cloud: LocalCloud, directory: Path, name: str) -> None:
        self.cloud, self.directory, self.name = cloud, directory, name
        self.progress = RecordedProgress()
        self._control, self._worker = directory / "control.json", directory / "worker.json"
        bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": name}}
        self._control.write_text(
            json.dumps(
                {
                    "Parameters": {each: {"Type": "String"} for each in ("WorkerAccountIds", "ExternalId")},
                    "Resources": {"Bus": bus},
                    "Outputs": {"BusArn": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}},
                }
            )
        )
        told = ("Image", "ImageRepositoryArn", "EnvironmentType")
        topic = {"DisplayName": {"Fn::Join": [" ", [{"Ref": each} for each in told]]}}
        self._worker.write_text(
            json.dumps(
                {
                    "Parameters": {each: {"Type": "String", "Default": "-"} for each in (*told, "ExternalId")},
                    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": topic}},
                    "Outputs": {each: {"Value": {"Ref": each}} for each in told},
                }
            )
        )

    def installation(self, *, regions: tuple[str, ...] = ("eu-west-1", "us-east-1"), **image: Any) -> Installation:
        settings: dict[str, Any] = {
            "stack": self.name,
            "workers": {"stack": f"{self.name}-worker"},
            "image": {"stack": f"{self.name}-image", **image},
        }
        installed = installation(self._control, self._worker, regions=regions, **settings)
        return replace(installed, directory=self.directory)

    def deployment(self, installed: Installation) -> Deployment:
        deploys = deployer(self.cloud, self.directory / "work", self.progress)
        assert installed.settings.image
        image = RunImage(installed, self.cloud, deploys.artifacts, CONTROL, installed.settings.image)
        return Deployment(installed, deploys, CONTROL, image)

    def deploy(self, *selected: str, **image: Any) -> dict[str, str]:
        """Deploy. Returns how each stack ended, with those that needed nothing."""
        deployment = self.deployment(self.installation(**image))
        plans = deployment.plan(selected or ["control", "image", *TARGETS])
        outcomes = deployment.deploy([plan for plan in plans if not plan.unchanged])
        unchanged = {plan.stack.label: "unchanged" for plan in plans if plan.unchanged}
        return unchanged | {each.stack.label: f"{each.kind.value} {each.reason}".strip() for each in outcomes}

    def of_worker(self, target: str) -> dict[str, str]:
        account, region = target.split("/")
        outputs = stacks.outputs(self.cloud.client("cloudformation", account, region), f"{self.name}-worker")
        return dict(outputs)

    def digests(self, region: str) -> dict[str, str]:
        """The images of the repository in a region: tag to digest."""
        ecr = self.cloud.client("ecr", "control", region)
        images = ecr.describe_images(repositoryName=f"{self.name}-run-image")["imageDetails"]
        return {tag: str(each["imageDigest"]) for each in images for tag in each["imageTags"]}

    def builds(self) -> int:
        codebuild = self.cloud.client("codebuild", "control", "us-east-1")
        return len(codebuild.list_builds_for_project(projectName=f"{self.name}-run-image")["ids"])

    def doctor(self, installed: Installation) -> dict[str, CheckResult]:
        results = Examination(installed, self.cloud).results(TARGETS)
        return {each.where: each for each in results if each.link == "image"}


def test_the_image_is_built_once_and_every_worker_gets_it_by_the_digest_in_its_region(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    team = Team(cloud, tmp_path, "ri-all")
    assert team.deploy() == dict.fromkeys(["control", *IMAGE_STACKS, *TARGETS], "created")
    for target in TARGETS:
        worker, region = team.of_worker(target), target.partition("/")[2]
        image = EcrImage.parse(worker["Image"])
        assert image
        assert list(team.digests(region).values()) == [image.digest]
        assert (image.account, image.region, image.repository) == (CONTROL, region, "ri-all-run-image")
        assert worker["ImageRepositoryArn"] == f"arn:aws:ecr:{region}:{CONTROL}:repository/ri-all-run-image"
        assert worker["EnvironmentType"] == "LINUX_CONTAINER"
    assert "building the run image" in team.progress.phases_of("image")

    assert set(team.deploy().values()) == {"unchanged"}
    assert team.builds() == 1


def test_another_definition_is_another_image_and_the_earlier_one_stays(cloud: LocalCloud, tmp_path: Path) -> None:
    team = Team(cloud, tmp_path, "ri-new")
    team.deploy()
    before = team.of_worker("dev/eu-west-1")["Image"]
    (tmp_path / "python.txt").write_text("requests==2.32.5\n")
    planned = team.deployment(team.installation(python="python.txt"))
    plans = planned.plan(["control", "image", *TARGETS])
    assert planned.regions_to_build() == ["us-east-1", "eu-west-1"]
    assert {plan.stack.label for plan in plans if not plan.unchanged} == {"image:us-east-1", *TARGETS}
    planned.close()

    team.deploy(python="python.txt")
    after = team.of_worker("dev/eu-west-1")["Image"]
    assert after != before
    assert sorted(team.digests("eu-west-1").values()) == sorted(each.partition("@")[2] for each in (before, after))


def test_a_new_region_gets_the_image_that_exists(cloud: LocalCloud, tmp_path: Path) -> None:
    team = Team(cloud, tmp_path, "ri-region")
    team.deploy("control", "image", "prod/us-east-1", regions=("us-east-1",))
    [digest] = team.digests("us-east-1").values()
    assert team.deploy()["image:eu-west-1"] == "created"
    assert list(team.digests("eu-west-1").values()) == [digest]
    assert team.of_worker("dev/eu-west-1")["Image"].endswith(digest)


def test_a_build_that_fails_touches_no_worker_and_says_why(cloud: LocalCloud, tmp_path: Path) -> None:
    team = Team(cloud, tmp_path, "ri-fail")
    team.deploy()
    before = team.of_worker("dev/eu-west-1")["Image"]
    cloud.client("ecr", "control", "eu-west-1").delete_repository(repositoryName="ri-fail-run-image", force=True)
    outcomes = team.deploy(revision="2")
    assert {outcomes[target] for target in TARGETS} == {"skipped the run image was not built"}
    assert outcomes["image:us-east-1"].startswith("failed the build of the run image has failed: BUILD FAILED")
    assert "The repository with name 'ri-fail-run-image' does not exist" in outcomes["image:us-east-1"]
    assert "the log: http" in outcomes["image:us-east-1"]
    assert team.of_worker("dev/eu-west-1")["Image"] == before


def test_nothing_is_built_while_a_stack_of_the_image_cannot_be_deployed(cloud: LocalCloud, tmp_path: Path) -> None:
    """The project would still make the image of the former definition."""
    team = Team(cloud, tmp_path, "ri-stack")
    team.deploy()
    outcomes = team.deploy(revision="2", parameters={"KeptImages": "none"})
    assert outcomes["image:us-east-1"].startswith("failed it is not built, because one of its stacks failed")
    assert {outcomes[target] for target in TARGETS} == {"skipped the run image was not built"}
    assert team.builds() == 1


def test_a_worker_alone_needs_the_image_first(cloud: LocalCloud, tmp_path: Path) -> None:
    team = Team(cloud, tmp_path, "ri-only")
    team.deploy("control")
    with pytest.raises(DeploymentFailed, match="the run image is not in eu-west-1 yet: deploy it, too, with --only"):
        team.deploy("dev/eu-west-1")
    team.deploy("image")
    assert team.deploy("dev/eu-west-1") == {"dev/eu-west-1": "created"}
    assert set(team.deploy("image").values()) == {"unchanged"}


def test_doctor_names_each_broken_link_of_the_image(cloud: LocalCloud, tmp_path: Path) -> None:
    team = Team(cloud, tmp_path, "ri-doctor")
    installed = team.installation()
    team.deploy()
    assert {each.state.value for each in team.doctor(installed).values()} == {"ok"}

    ecr = cloud.client("ecr", "control", "eu-west-1")
    ecr.delete_repository_policy(repositoryName="ri-doctor-run-image")
    assert "does not admit account 222222222222" in team.doctor(installed)["dev/eu-west-1"].message
    [digest] = team.digests("eu-west-1").values()
    ecr.batch_delete_image(repositoryName="ri-doctor-run-image", imageIds=[{"imageDigest": digest}])
    assert "no build starts" in team.doctor(installed)["dev/eu-west-1"].message
    without = replace(installed, settings=installed.settings.model_copy(update={"image": None}))
    assert team.doctor(without)["prod/us-east-1"].state == "warning"


def test_destroying_the_image_leaves_what_the_control_stack_was_deployed_from(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    team = Team(cloud, tmp_path, "ri-bucket")
    team.deploy("control", "image")
    destruction = Destruction(team.installation(), cloud, CONTROL, NoProgress(), Pace(0.05))
    assert {each.kind.value for each in destruction.destroy(destruction.existing(["image"]))} == {"deleted"}
    for region, left in (("us-east-1", True), ("eu-west-1", False)):
        buckets = [each["Name"] for each in cloud.client("s3", "control", region).list_buckets()["Buckets"]]
        assert (f"pointsman-artifacts-{CONTROL}-{region}" in buckets) is left


def test_destroy_deletes_the_repositories_with_their_images_after_the_workers(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    team = Team(cloud, tmp_path, "ri-end")
    team.deploy()
    destruction = Destruction(team.installation(), cloud, CONTROL, NoProgress(), Pace(0.05))
    existing = destruction.existing(["control", "image", *TARGETS])
    assert [stack.label for stack, _ in existing] == [*TARGETS, *IMAGE_STACKS, "control"]
    outcomes = destruction.destroy(existing)
    assert [(each.stack.label, each.kind.value) for each in outcomes] == [
        (label, "deleted") for label in [*TARGETS, *IMAGE_STACKS, "control"]
    ]
    ecr = cloud.client("ecr", "control", "eu-west-1")
    assert "ri-end-run-image" not in [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]
