"""CodeBuild's API: limits, the queue, permissions, and the events of builds."""

import json
import threading
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from tests.support.localcloud import Worker, build, code_of, phase_of


def assumed(cloud: LocalCloud, external_id: str = "a word that both know") -> Any:
    """CodeBuild of dev/eu-west-1 as the role that the control account assumes."""
    role = "arn:aws:iam::222222222222:role/start-role-eu-west-1"
    answer = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="r-1", ExternalId=external_id)
    credentials = answer["Credentials"]
    session: Any = boto3.session.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], region_name="eu-west-1"
    )
    return session.client("codebuild", endpoint_url=cloud.endpoint)


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
