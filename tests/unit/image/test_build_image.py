"""The program that builds the run image: built once, pushed where it is missing, never replaced."""

import base64
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from image import build_image
from image.build_image import Registry, Request, build

VARIABLES = {
    "AWS_REGION": "us-east-1",
    "POINTSMAN_IMAGE_REPOSITORY": "pointsman-run-image",
    "POINTSMAN_IMAGE_TAG": "0123",
    "POINTSMAN_IMAGE_REGIONS": "eu-west-1,us-east-1,ca-central-1,eu-west-1",
}
HOST = "111111111111.dkr.ecr.{}.amazonaws.com"


class ImageNotFoundException(ClientError):
    """As botocore makes it."""


class Ecr:
    """ECR in one region."""

    class exceptions:  # noqa: N801 - as botocore names it
        ImageNotFoundException = ImageNotFoundException

    def __init__(self, region: str, digest: str = "") -> None:
        self.region, self.digest = region, digest

    def describe_images(self, **request: Any) -> Any:
        if not self.digest:
            raise ImageNotFoundException({"Error": {"Code": "ImageNotFoundException"}}, "DescribeImages")
        return {"imageDetails": [{"imageDigest": self.digest}]}

    def get_authorization_token(self) -> Any:
        token = base64.b64encode(f"AWS:token-of-{self.region}".encode()).decode()
        return {
            "authorizationData": [{"authorizationToken": token, "proxyEndpoint": f"https://{HOST.format(self.region)}"}]
        }


class Docker:
    """What would run: programs, and what they got on standard input."""

    def __init__(self, registries: dict[str, Ecr]) -> None:
        self.commands: list[list[str]] = []
        self.inputs: list[bytes] = []
        self._registries = registries
        self.refuses = ""

    def __call__(self, command: Sequence[str], standard_input: bytes) -> None:
        if self.refuses and self.refuses in command:
            raise subprocess.CalledProcessError(1, command)
        self.commands.append(list(command))
        self.inputs.append(standard_input)
        if command[:2] == ["docker", "push"]:
            [registry] = [each for region, each in self._registries.items() if f".{region}." in command[2]]
            registry.digest = "sha256:new"

    def of(self, verb: str) -> list[list[str]]:
        return [command for command in self.commands if command[1] == verb]


class World:
    def __init__(self, **digests: str) -> None:
        self.request = Request.read(VARIABLES)
        self.ecr = {each: Ecr(each, digests.get(each.replace("-", "_"), "")) for each in self.request.regions}
        self.docker = Docker(self.ecr)

    def build(self) -> None:
        registries = {region: Registry(ecr, self.request.repository) for region, ecr in self.ecr.items()}
        build(self.request, registries, self.docker)


def name(region: str) -> str:
    return f"{HOST.format(region)}/pointsman-run-image:0123"


def test_the_builds_own_region_comes_first_and_each_region_once() -> None:
    assert Request.read(VARIABLES).regions == ("us-east-1", "eu-west-1", "ca-central-1")


def test_the_image_is_built_once_and_pushed_to_every_region(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.build()
    assert [command[command.index("--tag") + 1] for command in world.docker.of("build")] == [name("us-east-1")]
    assert [command[2] for command in world.docker.of("push")] == [
        name("us-east-1"), name("eu-west-1"), name("ca-central-1"),
    ]  # fmt: skip
    assert "eu-west-1 has 111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image@sha256:new" in (
        capsys.readouterr().out
    )


def test_each_registry_gets_its_own_token_on_standard_input_and_never_as_an_argument() -> None:
    world = World()
    world.build()
    tokens = [given for given in world.docker.inputs if given]
    assert tokens == [f"token-of-{region}".encode() for region in world.request.regions]
    assert "token-of" not in str(world.docker.commands)


def test_the_definition_is_rendered_by_ansible_builder_into_the_context_of_docker() -> None:
    world = World()
    world.build()
    [create] = world.docker.of("create")
    [command] = world.docker.of("build")
    context = create[create.index("--context") + 1]
    assert create[0] == "ansible-builder"
    assert Path(create[create.index("--file") + 1]).is_file()
    assert command[-3:] == ["--file", f"{context}/Containerfile", context]


def test_nothing_is_built_where_the_image_is_everywhere() -> None:
    world = World(us_east_1="sha256:old", eu_west_1="sha256:old", ca_central_1="sha256:old")
    world.build()
    assert world.docker.commands == []


def test_a_region_that_lacks_the_image_gets_the_one_that_exists() -> None:
    """A second build of the same definition would be another image, and its tag is taken."""
    world = World(us_east_1="sha256:old", ca_central_1="sha256:old")
    world.build()
    assert [command[2] for command in world.docker.of("pull")] == [name("us-east-1")]
    assert world.docker.of("build") == []
    assert [command[2] for command in world.docker.of("push")] == [name("eu-west-1")]


def test_a_push_that_fails_ends_the_build_and_the_next_one_continues() -> None:
    world = World()
    world.docker.refuses = name("eu-west-1")
    with pytest.raises(subprocess.CalledProcessError):
        world.build()
    world.docker.refuses = ""
    world.docker.commands.clear()
    world.build()
    assert world.docker.of("build") == []
    assert [command[2] for command in world.docker.of("push")] == [name("eu-west-1"), name("ca-central-1")]


def test_a_program_runs_with_its_input_and_its_failure_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    build_image.run_program(["cat"], b"given")
    assert "given" in capfd.readouterr().out
    with pytest.raises(subprocess.CalledProcessError):
        build_image.run_program(["false"], b"")
