"""CodeBuild on the local cloud: real builds, through boto3."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import PATIENCE, LocalCloud, wait_until
from tests.support.localcloud import Worker, phase_of, small_cloud


def build(*commands: str, **more: Any) -> str:
    return json.dumps({"version": 0.2, "phases": {"build": {"commands": list(commands)}}, **more})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def worker(cloud: LocalCloud) -> Worker:
    return Worker(cloud)


def assumed(cloud: LocalCloud, external_id: str = "a word that both know") -> Any:
    """CodeBuild of dev/eu-west-1 as the role that the control account assumes."""
    role = "arn:aws:iam::222222222222:role/start-role-eu-west-1"
    answer = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="r-1", ExternalId=external_id)
    held = answer["Credentials"]
    session: Any = boto3.session.Session(
        held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"], region_name="eu-west-1"
    )
    return session.client("codebuild", endpoint_url=cloud.endpoint)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


# --- what a build does


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
    allowed = {"PATH", "HOME", "TMPDIR", "LANG", "PWD", "OLDPWD", "SHLVL", "_", "WHO", "BUS", "POINTSMAN_HOSTS_ROOT"}
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
    wait_until(lambda: not list(cloud.layout.builds.rglob("src")), PATIENCE, "the build's directory is still there")


def test_exported_variables_come_back(worker: Worker) -> None:
    ended = worker.run(build("export RESULT='3 hosts'", env={"exported-variables": ["RESULT"]}))
    assert ended["exportedEnvironmentVariables"] == [{"name": "RESULT", "value": "3 hosts"}]


def test_lines_can_be_read_while_the_build_runs(worker: Worker) -> None:
    started = worker.start(build("echo early", "sleep 30"))
    worker.reach(started, "BUILD")
    wait_until(lambda: "early" in worker.log(worker.get(started)), PATIENCE, "the line did not appear")
    worker.codebuild.stop_build(id=started)
    worker.finish(started)


# --- what can go wrong


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


def test_a_build_that_takes_too_long_is_ended_with_its_children(worker: Worker, cloud: LocalCloud) -> None:
    spec = {
        "version": 0.2,
        "phases": {"build": {"commands": ["sleep 300"]}, "post_build": {"commands": ["echo never"]}},
    }
    ended = worker.run(json.dumps(spec))  # 5 minutes of a second each
    assert ended["buildStatus"] == "TIMED_OUT"
    assert phase_of(ended, "BUILD")["phaseStatus"] == "TIMED_OUT"
    assert worker.output(ended) == []


def test_a_stopped_build_ends_at_once(worker: Worker) -> None:
    started = worker.start(build("sleep 300"))
    worker.reach(started, "BUILD")
    worker.codebuild.stop_build(id=started)
    ended = worker.finish(started)
    assert ended["buildStatus"] == "STOPPED"
    assert phase_of(ended, "BUILD")["phaseStatus"] == "STOPPED"


def test_builds_beyond_the_workers_wait_and_can_be_stopped_while_waiting(worker: Worker) -> None:
    running = [worker.start(build("sleep 300")) for _ in range(2)]
    for each in running:
        worker.reach(each, "BUILD")
    waiting = worker.start(build("echo x"))
    next_in_line = worker.start(build("echo y"))
    assert worker.get(waiting)["currentPhase"] == "QUEUED"
    worker.codebuild.stop_build(id=waiting)
    assert worker.finish(waiting)["buildStatus"] == "STOPPED"
    assert worker.get(next_in_line)["currentPhase"] == "QUEUED"
    for each in running:
        worker.codebuild.stop_build(id=each)
    assert worker.finish(next_in_line)["buildStatus"] == "SUCCEEDED"


# --- the API


def test_the_same_token_and_request_start_one_build(worker: Worker) -> None:
    sha = worker.commit(build("true"))
    request = {"projectName": "pointsman", "sourceVersion": sha, "idempotencyToken": "r-1:dev/eu-west-1:1"}
    first = worker.codebuild.start_build(**request)["build"]["id"]
    assert worker.codebuild.start_build(**request)["build"]["id"] == first
    with pytest.raises(ClientError) as mismatch:
        worker.codebuild.start_build(**{**request, "sourceVersion": "main"})
    assert code_of(mismatch) == "InvalidInputException"
    assert worker.codebuild.start_build(**{**request, "idempotencyToken": "another"})["build"]["id"] != first


def test_an_unknown_project_is_not_found_and_unknown_builds_are_listed_as_such(
    worker: Worker, cloud: LocalCloud
) -> None:
    with pytest.raises(ClientError) as missing:
        worker.codebuild.start_build(projectName="other")
    assert code_of(missing) == "ResourceNotFoundException"
    elsewhere = cloud.client("codebuild", "prod", "eu-west-1")
    with pytest.raises(ClientError) as other_account:
        elsewhere.start_build(projectName="pointsman")
    assert code_of(other_account) == "ResourceNotFoundException"
    started = worker.start(build("true"))
    answer = worker.codebuild.batch_get_builds(ids=[started, "pointsman:none"])
    assert [each["id"] for each in answer["builds"]] == [started]
    assert answer["buildsNotFound"] == ["pointsman:none"]
    assert elsewhere.batch_get_builds(ids=[started])["buildsNotFound"] == [started]


def test_builds_are_listed_newest_first(worker: Worker) -> None:
    first, second = worker.start(build("true")), worker.start(build("true"))
    assert worker.codebuild.list_builds_for_project(projectName="pointsman")["ids"][:2] == [second, first]
    ascending = worker.codebuild.list_builds_for_project(projectName="pointsman", sortOrder="ASCENDING")["ids"]
    assert ascending.index(first) < ascending.index(second)
    assert second in worker.codebuild.list_builds()["ids"]


def test_a_timeout_outside_codebuilds_bounds_is_refused(worker: Worker) -> None:
    with pytest.raises(ClientError) as refused:
        worker.codebuild.start_build(projectName="pointsman", timeoutInMinutesOverride=2161)
    assert code_of(refused) == "InvalidInputException"


def test_the_external_id_opens_the_role_and_the_role_opens_its_project_only(worker: Worker, cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as closed:
        assumed(cloud, "a guess")
    assert code_of(closed) == "AccessDenied"
    starter = assumed(cloud)
    started = worker.start(build("true"), starter)
    assert starter.batch_get_builds(ids=[started])["builds"][0]["initiator"] == "start-role-eu-west-1/r-1"
    with pytest.raises(ClientError) as list_denied:
        starter.list_builds()
    assert code_of(list_denied) == "AccessDeniedException"
    with pytest.raises(ClientError) as start_denied:
        starter.start_build(projectName="other")
    assert code_of(start_denied) == "AccessDeniedException"
    with pytest.raises(ClientError) as read_denied:
        starter.batch_get_builds(ids=[started, "other:1"])
    assert code_of(read_denied) == "AccessDeniedException"
    worker.finish(started)


def test_ten_callers_at_once_get_ten_builds(worker: Worker) -> None:
    sha = worker.commit(build("true"))
    ids: list[str] = []

    def start() -> None:
        ids.append(worker.codebuild.start_build(projectName="pointsman", sourceVersion=sha)["build"]["id"])

    threads = [threading.Thread(target=start) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 10
    ended = [worker.finish(each) for each in ids]
    assert {each["buildStatus"] for each in ended} == {"SUCCEEDED"}
    assert len({each["buildNumber"] for each in ended}) == 10


# --- events and pages


def test_begin_and_end_reach_the_control_bus_across_account_and_region(worker: Worker, cloud: LocalCloud) -> None:
    overrides = [{"name": "POINTSMAN_ROLLOUT", "value": "r-1"}]
    ended = worker.run(build("false"), environmentVariablesOverride=overrides)
    mine = worker.events(2, ended["arn"])

    assert [event["detail"]["build-status"] for event in mine] == ["IN_PROGRESS", "FAILED"]
    last = mine[1]
    assert (last["source"], last["detail-type"]) == ("aws.codebuild", "CodeBuild Build State Change")
    assert (last["account"], last["region"]) == ("222222222222", "eu-west-1")
    assert last["resources"] == [ended["arn"]]
    more = last["detail"]["additional-information"]
    assert {"name": "POINTSMAN_ROLLOUT", "type": "PLAINTEXT", "value": "r-1"} in more["environment"][
        "environment-variables"
    ]
    assert more["logs"]["deep-link"] == ended["logs"]["deepLink"]


def test_the_deep_link_shows_the_log(worker: Worker) -> None:
    ended = worker.run(build("echo '<b>not markup</b>'"))
    html = httpx.get(ended["logs"]["deepLink"]).text
    assert "&lt;b&gt;not markup&lt;/b&gt;" in html
    text = httpx.get(ended["logs"]["deepLink"], params={"format": "text"}).text
    assert "<b>not markup</b>" in text.splitlines()
