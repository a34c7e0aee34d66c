"""What a build's commands see, and what wins."""

from pathlib import Path

from localcloud.codebuild.environment import (
    build_variables,
    declared_values,
    image_variables,
    merge,
    override,
    privileged_variables,
    pull_permissions,
)
from localcloud.codebuild.model import Build


def a_build(**environment: bool) -> Build:
    return Build(
        id="pointsman:11111111-2222-3333-4444-555555555555",
        number=7,
        account="222222222222",
        region="eu-west-1",
        project={"name": "pointsman", "encryptionKey": "arn:aws:kms:eu-west-1:222222222222:alias/aws/codebuild"},
        request={},
        source={"type": "GITHUB", "location": "https://github.com/acme/infra.git"},
        source_version="0f5d46a785a89daf044fc788296dfc7957e4349c",
        environment={"image": "aws/codebuild/amazonlinux-x86_64-standard:5.0", **environment},
        service_role="arn:aws:iam::222222222222:role/pointsman-build-eu-west-1",
        initiator="pointsman-start-eu-west-1/r-1",
        log_group="/pointsman/builds",
        log_stream="11111111-2222-3333-4444-555555555555",
        log_page="http://127.0.0.1:1/_codebuild/logs/x",
        timeout_minutes=60,
        queued_timeout_minutes=480,
    )


def test_start_time_variables_replace_the_projects_and_new_ones_follow() -> None:
    project = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    overrides = [{"name": "C", "value": "30"}, {"name": "A", "value": "10"}]

    assert [(each["name"], each["value"]) for each in override(project, overrides)] == [
        ("A", "10"),
        ("B", "2"),
        ("C", "30"),
    ]


def test_later_layers_win() -> None:
    assert merge({"A": "image", "B": "image"}, {"B": "buildspec", "C": "buildspec"}, {"C": "start"}) == {
        "A": "image",
        "B": "buildspec",
        "C": "start",
    }


def test_a_variable_that_names_a_secret_is_looked_up_and_a_plain_one_is_not() -> None:
    variables = [
        {"name": "PLAIN", "value": "/not/a/reference", "type": "PLAINTEXT"},
        {"name": "UNTYPED", "value": "1"},
        {"name": "TOKEN", "value": "/pointsman/token", "type": "PARAMETER_STORE"},
    ]
    assert declared_values(variables, lambda kind, reference: f"{kind} of {reference}") == {
        "PLAIN": "/not/a/reference",
        "UNTYPED": "1",
        "TOKEN": "PARAMETER_STORE of /pointsman/token",
    }


def test_a_build_has_its_own_variables_and_no_credentials() -> None:
    variables = build_variables(a_build(), Path("/b"), "http://127.0.0.1:1", "http://127.0.0.1:1/credentials")

    assert variables["CODEBUILD_BUILD_ID"] == "pointsman:11111111-2222-3333-4444-555555555555"
    assert variables["CODEBUILD_BUILD_ARN"].endswith(":build/pointsman:11111111-2222-3333-4444-555555555555")
    assert variables["CODEBUILD_BUILD_NUMBER"] == "7"
    assert variables["CODEBUILD_SOURCE_VERSION"] == "0f5d46a785a89daf044fc788296dfc7957e4349c"
    assert variables["CODEBUILD_SRC_DIR"] == "/b/src"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(variables)


def test_the_image_brings_ansible_and_the_hosts() -> None:
    variables = image_variables(Path("/hosts"), Path("/cache"))
    assert Path(variables["PATH"].split(":")[0], "ansible-playbook").exists()
    assert variables["POINTSMAN_HOSTS_ROOT"] == "/hosts"
    assert variables["POINTSMAN_CACHE"] == "/cache"


REPOSITORY = "arn:aws:ecr:eu-west-1:111111111111:repository/pointsman-run-image"


def test_an_image_of_ecr_is_pulled_with_the_builds_role() -> None:
    image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image@sha256:0123"
    needed = pull_permissions({"image": image, "imagePullCredentialsType": "SERVICE_ROLE"})
    assert ("ecr:GetAuthorizationToken", "*") in needed
    assert {resource for action, resource in needed if action != "ecr:GetAuthorizationToken"} == {REPOSITORY}
    assert pull_permissions({"image": image, "imagePullCredentialsType": "CODEBUILD"}) == []
    assert pull_permissions({"image": "aws/codebuild/standard:7.0"}) == []


def test_docker_is_on_the_path_of_privileged_builds_alone() -> None:
    image = {"PATH": "/usr/bin"}
    assert privileged_variables(a_build(privilegedMode=False), image) == {}
    [first, last] = privileged_variables(a_build(privilegedMode=True), image)["PATH"].split(":")
    assert (Path(first) / "docker").stat().st_mode & 0o111
    assert last == "/usr/bin"
