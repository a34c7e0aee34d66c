"""What a build does, through boto3."""

import json
from typing import Any

import httpx
import pytest

from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud, wait_until
from tests.support.localcloud import Worker, build, phase_of


def test_the_pinned_commit_is_built_even_when_the_branch_has_moved_on(worker: Worker) -> None:
    old = worker.commit(build("cat VERSION"), VERSION="one\n")
    worker.commit(build("cat VERSION"), VERSION="two\n")
    started = worker.codebuild.start_build(projectName="pointsman", sourceVersion=old)["build"]["id"]
    ended = worker.finish(started)

    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["resolvedSourceVersion"] == ended["sourceVersion"] == old
    assert worker.output(ended) == ["one"]


def test_phases_run_in_one_shell_and_each_is_reported(worker: Worker) -> None:
    spec = {
        "version": 0.2,
        "phases": {
            "install": {"commands": ["NAME=pointsman", "mkdir -p deep && cd deep"]},
            "pre_build": {"commands": ["echo $NAME $(basename $PWD)"]},
            "build": {"commands": ["echo building"], "finally": ["echo finally"]},
            "post_build": {"commands": ["echo posted $CODEBUILD_BUILD_SUCCEEDING"]},
        },
    }
    ended = worker.run(json.dumps(spec))

    assert worker.output(ended) == ["pointsman deep", "building", "finally", "posted 1"]
    assert [phase["phaseType"] for phase in ended["phases"]] == [
        "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD",
        "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
    ]  # fmt: skip
    assert {phase.get("phaseStatus") for phase in ended["phases"][:-1]} == {"SUCCEEDED"}


def test_a_failed_command_ends_its_phase_and_post_build_still_runs(worker: Worker) -> None:
    spec = {
        "version": 0.2,
        "phases": {
            "build": {"commands": ["echo before", "exit 4", "echo never"], "finally": ["echo finally"]},
            "post_build": {"commands": ["echo posted $CODEBUILD_BUILD_SUCCEEDING"]},
        },
    }
    ended = worker.run(json.dumps(spec))

    assert ended["buildStatus"] == "FAILED"
    assert worker.output(ended) == ["before", "finally", "posted 0"]
    failed = phase_of(ended, "BUILD")
    assert failed["phaseStatus"] == "FAILED"
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 4. Reason: exit status 4",
        }
    ]
    assert phase_of(ended, "POST_BUILD")["phaseStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("phase", "on_failure", "runs"),
    [
        ("install", None, []),
        ("pre_build", None, []),
        ("pre_build", "CONTINUE", ["build", "post_build"]),
        ("build", None, ["post_build"]),
        ("build", "ABORT", []),
    ],
)
def test_what_follows_a_failure(worker: Worker, phase: str, on_failure: str | None, runs: list[str]) -> None:
    phases: dict[str, Any] = {
        name: {"commands": [f"echo {name}"]} for name in ("install", "pre_build", "build", "post_build")
    }
    phases[phase] = {"commands": ["false"], **({"on-failure": on_failure} if on_failure else {})}
    ended = worker.run(json.dumps({"version": 0.2, "phases": phases}))

    before = {"install": [], "pre_build": ["install"], "build": ["install", "pre_build"]}[phase]
    assert worker.output(ended) == before + runs
    assert ended["buildStatus"] == "FAILED"


def test_a_start_time_variable_beats_the_projects_which_beats_the_buildspecs(worker: Worker) -> None:
    spec = build("echo $WHO $ONLY $EXTRA", env={"variables": {"WHO": "buildspec", "ONLY": "buildspec"}})
    assert worker.output(worker.run(spec)) == ["project buildspec"]
    overrides = [{"name": "WHO", "value": "start"}, {"name": "EXTRA", "value": "$(id)"}]
    ended = worker.run(spec, environmentVariablesOverride=overrides)
    assert worker.output(ended) == ["start buildspec $(id)"]
    names = [each["name"] for each in ended["environment"]["environmentVariables"]]
    assert names == ["WHO", "BUS", "EXTRA"]


def test_the_environment_is_codebuilds_and_nothing_of_this_machines(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = worker.run(build("env | cut -d= -f1 | sort"))
    allowed = {"PATH", "HOME", "TMPDIR", "LANG", "PWD", "OLDPWD", "SHLVL", "_", "WHO", "BUS"}
    allowed |= {"POINTSMAN_HOSTS_ROOT", "POINTSMAN_HOST_ACCOUNT", "POINTSMAN_INVENTORY_DIRECTORY", "POINTSMAN_CACHE"}
    strange = [
        name for name in worker.output(ended) if name not in allowed and not name.startswith(("CODEBUILD_", "AWS_"))
    ]
    assert strange == []


def test_a_build_is_its_projects_role_and_may_do_no_more(worker: Worker) -> None:
    who = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    more = "import boto3; boto3.client('ec2').describe_instances()"
    ended = worker.run(build(f'python -c "{who}"', f'python -c "{more}"'))

    assert ended["buildStatus"] == "FAILED"
    output = worker.output(ended)
    uuid = ended["id"].partition(":")[2]
    assert output[0] == f"arn:aws:sts::222222222222:assumed-role/build-role/AWSCodeBuild-{uuid}"
    assert "is not authorized to perform: ec2:DescribeInstances" in output[-1]


def test_credentials_end_with_the_build(worker: Worker, cloud: LocalCloud) -> None:
    ended = worker.run(build("echo $AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    (uri,) = worker.output(ended)
    assert uri.startswith(cloud.endpoint)
    assert httpx.get(uri).status_code == 404


def test_nothing_of_a_build_is_left_on_disk(worker: Worker, cloud: LocalCloud) -> None:
    worker.run(build("touch $HOME/x $TMPDIR/y z"))
    wait_until(
        lambda: not list(cloud.layout.builds.rglob("src")), TIMEOUT_SECONDS, "the build's directory is still there"
    )


def test_exported_variables_come_back(worker: Worker) -> None:
    ended = worker.run(build("export RESULT='3 hosts'", env={"exported-variables": ["RESULT"]}))
    assert ended["exportedEnvironmentVariables"] == [{"name": "RESULT", "value": "3 hosts"}]


def test_lines_can_be_read_while_the_build_runs(worker: Worker) -> None:
    started = worker.start(build("echo early", "sleep 30"))
    worker.reach(started, "BUILD")
    wait_until(lambda: "early" in worker.log(worker.get(started)), TIMEOUT_SECONDS, "the line did not appear")
    worker.codebuild.stop_build(id=started)
    worker.finish(started)


@pytest.mark.parametrize(
    ("buildspec", "code", "message"),
    [
        ("version: 0.2\nphases: [", "YAML_FILE_ERROR", "YAML file is not valid"),
        ("version: 0.3", "YAML_FILE_ERROR", "version 0.3 is not supported"),
    ],
)
def test_a_buildspec_that_cannot_be_read_fails_the_download(
    worker: Worker, buildspec: str, code: str, message: str
) -> None:
    ended = worker.run(buildspec)
    phase = phase_of(ended, "DOWNLOAD_SOURCE")
    assert (ended["buildStatus"], phase["phaseStatus"]) == ("FAILED", "FAILED")
    assert phase["contexts"][0]["statusCode"] == code
    assert message in phase["contexts"][0]["message"]


def test_a_commit_that_does_not_exist_fails_the_download(worker: Worker) -> None:
    missing = "f" * 40
    started = worker.codebuild.start_build(projectName="pointsman", sourceVersion=missing)["build"]["id"]
    phase = phase_of(worker.finish(started), "DOWNLOAD_SOURCE")
    assert phase["contexts"][0]["message"] == f"reference not found for primary source and source version {missing}"


def test_a_version_that_looks_like_an_option_is_only_a_version(worker: Worker) -> None:
    started = worker.codebuild.start_build(projectName="pointsman", sourceVersion="--upload-pack=touch /tmp/x")[
        "build"
    ]["id"]
    assert "reference not found" in phase_of(worker.finish(started), "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_a_buildspec_outside_the_source_is_not_read(worker: Worker) -> None:
    ended = worker.run(build("echo x"), buildspecOverride="../../../../../../etc/hostname")
    assert "no such file" in phase_of(ended, "DOWNLOAD_SOURCE")["contexts"][0]["message"]
