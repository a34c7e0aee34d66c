"""What CodeBuild's answers prove: there is a build, there is none, or it is unknown."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from pointsman.adapters import worker_clients
from pointsman.adapters.aws_client import CallLimits, aws_client
from pointsman.adapters.builds_codebuild import PAGES_SEARCHED, CodeBuilds, environment_of
from pointsman.adapters.worker_clients import WorkerClients
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.model import DeliveryId, Mode, Rollout, Run, RunState
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.errors import BuildDelayed, BuildRefused, PointsmanError, Unavailable
from tests.support.rollouts import change, delivery, target

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
DEV = "dev/eu-west-1"
ENGINE = "pointsman-start-eu-west-1/pointsman-start-build"


def a_run(mode: Mode = Mode.APPLY) -> tuple[Rollout, Run]:
    spec = delivery(DEV).specs[0].replace(mode=mode)
    rollout = Rollout(
        id=spec.rollout,
        change=change(),
        spec=spec,
        delivery=DeliveryId("d-1"),
        last_message_id="m-1",
        pushes=(),
        created_at=NOW,
    )
    run = Run(rollout=rollout.id, route="site", mode=mode, target=target(DEV), created_at=NOW, acquired_at=NOW)
    return rollout, run


class FakeCodeBuild:
    """A project's builds, newest first. Answers leave out the ids in `left_out`; every call is noted."""

    def __init__(self, builds: Sequence[dict[str, Any]] = (), left_out: Sequence[str] = (), page: int = 2) -> None:
        self.builds = {build["id"]: build for build in builds}
        self.left_out, self.page = set(left_out), page
        self.started: list[dict[str, Any]] = []
        self.projects: list[str] = []
        self.pages = 0

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"build": a_build("new")}

    def get_paginator(self, _operation: str) -> "FakeCodeBuild":
        return self

    def paginate(self, *, projectName: str, sortOrder: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert sortOrder == "DESCENDING"
        self.projects.append(projectName)
        ids = list(self.builds)
        for first in range(0, max(len(ids), 1), self.page):
            self.pages += 1
            yield {"ids": ids[first : first + self.page]}

    def batch_get_builds(self, *, ids: Sequence[str]) -> dict[str, Any]:
        return {"builds": [self.builds[each] for each in ids if each in self.builds and each not in self.left_out]}


def a_build(name: str, minutes_ago: float = 0, run: Run | None = None, initiator: str = ENGINE) -> dict[str, Any]:
    rollout = a_run()[0]
    variables = environment_of(rollout, run).items() if run else ()
    return {
        "id": f"pointsman:{name}",
        "arn": f"arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:{name}",
        "buildStatus": "IN_PROGRESS",
        "startTime": NOW - timedelta(minutes=minutes_ago),
        "initiator": initiator,
        "environment": {"environmentVariables": [{"name": key, "value": value} for key, value in variables]},
    }


def builds_on(client: Any, monkeypatch: pytest.MonkeyPatch) -> CodeBuilds:
    monkeypatch.setattr(CodeBuilds, "_client", lambda *_: nullcontext(client))
    monkeypatch.setattr("pointsman.adapters.builds_codebuild.time.sleep", lambda _: None)
    return CodeBuilds("start-role", {Mode.APPLY: "pointsman", Mode.CHECK: "pointsman-check"}, "an-external-id")


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "StartBuild")


@pytest.mark.parametrize(
    ("failure", "becomes"),
    [
        (refusal("AccountLimitExceededException"), BuildDelayed),
        (refusal("ThrottlingException"), BuildDelayed),
        (refusal("Throttling"), BuildDelayed),
        (refusal("RequestLimitExceeded", 503), Unavailable),
        (refusal("TooManyRequestsException", 429), BuildDelayed),
        (refusal("ProjectLimitExceededException"), BuildDelayed),
        (refusal("ExpiredTokenException", 403), BuildDelayed),
        (refusal("UnrecognizedClientException"), BuildDelayed),
        (refusal("AccessDeniedException"), BuildRefused),
        (refusal("AccessDenied", 403), BuildRefused),
        (refusal("ResourceNotFoundException"), BuildRefused),
        (refusal("InvalidInputException"), BuildRefused),
        (refusal("OptInRequired", 403), BuildRefused),
        (refusal("RegionDisabledException", 403), BuildRefused),
        (refusal("InternalFailure", 500), Unavailable),
        (refusal("ServiceUnavailable", 503), Unavailable),
        (ConnectTimeoutError(endpoint_url="https://codebuild"), Unavailable),
        (ReadTimeoutError(endpoint_url="https://codebuild"), Unavailable),
    ],
    ids=lambda each: each.response["Error"]["Code"] if isinstance(each, ClientError) else "",
)
@pytest.mark.parametrize("call", ["start", "find", "report"])
def test_an_error_shows_whether_anything_happened_and_whether_a_retry_helps(
    failure: Exception, becomes: type[PointsmanError], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise failure

    client = FakeCodeBuild()
    for operation in ("start_build", "paginate", "batch_get_builds"):
        setattr(client, operation, fails)
    builds = builds_on(client, monkeypatch)
    rollout, run = a_run()
    calls = {
        "start": lambda: builds.start(rollout, run),
        "find": lambda: builds.find(run),
        "report": lambda: builds.report(run.target, ["arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:1"]),
    }
    with pytest.raises(becomes) as raised:
        calls[call]()  # type: ignore[no-untyped-call]
    assert type(raised.value) is becomes
    assert DEV in str(raised.value)


def test_a_build_clones_from_the_github_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeCodeBuild()
    monkeypatch.setattr(CodeBuilds, "_client", lambda *_: nullcontext(client))
    projects = {Mode.APPLY: "pointsman", Mode.CHECK: "pointsman-check"}
    for host in (GITHUB_COM, GithubHost("https://github.example.com")):
        CodeBuilds("start-role", projects, "an-external-id", host).start(*a_run())
    assert [each["sourceLocationOverride"] for each in client.started] == [
        "https://github.com/acme/infra.git",
        "https://github.example.com/acme/infra.git",
    ]


@pytest.mark.parametrize("last", ["AccountLimitExceededException", "AccessDeniedException"])
def test_a_refusal_after_a_call_without_an_answer_is_not_certain(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call may have started a build: the second answer proves nothing about it."""
    answers = iter([ReadTimeoutError(endpoint_url="https://codebuild"), *[refusal(last)] * 5])

    def start_build(**_: Any) -> Any:
        raise next(answers)

    client = FakeCodeBuild()
    monkeypatch.setattr(client, "start_build", start_build)
    with pytest.raises(Unavailable, match="an earlier call got no answer"):
        builds_on(client, monkeypatch).start(*a_run())


def test_a_start_is_retried_with_the_same_token(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeCodeBuild()
    start, tokens = client.start_build, []

    def start_build(**request: Any) -> Any:
        tokens.append(request["idempotencyToken"])
        if len(tokens) < 3:
            raise refusal("ThrottlingException") if len(tokens) == 1 else refusal("InternalFailure", 500)
        return start(**request)

    monkeypatch.setattr(client, "start_build", start_build)
    assert builds_on(client, monkeypatch).start(*a_run()).arn.endswith(":new")
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


@pytest.mark.parametrize("call", ["start", "report"])
def test_a_refusal_after_a_call_without_an_answer_is_noticed_whoever_retries(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore retries reads, but not starts: it reports only its last attempt."""
    sent: list[str] = []

    def send(**_: Any) -> Any:
        sent.append(call)
        if len(sent) == 1:
            raise ReadTimeoutError(endpoint_url="https://codebuild")
        body = b'{"__type": "AccessDeniedException", "message": "no"}'
        return AWSResponse("https://codebuild", 400, {}, Raw(body))  # type: ignore[arg-type]

    def made(service: str, limits: CallLimits, **options: Any) -> Any:
        client = aws_client(service, limits, **options)
        client.meta.events.register("before-send", send)
        return client

    credentials = {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": NOW + HOUR}
    monkeypatch.setattr(WorkerClients, "_assume_role", lambda *_: credentials)
    monkeypatch.setattr(worker_clients, "aws_client", made)
    builds = CodeBuilds("start-role", dict.fromkeys(Mode, "pointsman"), "an-external-id")
    rollout, run = a_run()
    if call == "start":
        with pytest.raises(Unavailable, match="an earlier call got no answer"):
            builds.start(rollout, run)
    else:
        with pytest.raises(BuildRefused):
            builds.report(run.target, ["arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:1"])
    assert len(sent) == 2


class Raw:
    """The body of an HTTP answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.body


def test_none_is_certain_only_if_every_build_since_then_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = a_run()
    others = [a_build("b3", 1), a_build("b2", 2), a_build("b1", 300)]
    assert builds_on(FakeCodeBuild(others), monkeypatch).find(run) is None
    assert builds_on(FakeCodeBuild(), monkeypatch).find(run) is None
    for name in ("b3", "b2"):
        with pytest.raises(BuildDelayed, match="left out 1 of the newest builds"):
            builds_on(FakeCodeBuild(others, left_out=[f"pointsman:{name}"]), monkeypatch).find(run)


def test_the_search_ends_at_builds_that_are_older_than_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = a_run()
    client = FakeCodeBuild([a_build(f"b{number}", 5 * number) for number in range(100)])
    assert builds_on(client, monkeypatch).find(run) is None
    assert client.pages == 2  # it reads builds up to ten minutes older: clocks differ


def test_a_search_without_an_end_does_not_return_none(monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = a_run()
    client = FakeCodeBuild([a_build(f"b{number}") for number in range(2 * PAGES_SEARCHED + 1)])
    with pytest.raises(BuildDelayed, match="too many builds"):
        builds_on(client, monkeypatch).find(run)


def test_of_a_build_and_its_manual_retry_the_engines_own_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _, run = a_run()
    retry, own = a_build("retry", 1, run, initiator="hana"), a_build("own", 2, run)
    report = builds_on(FakeCodeBuild([retry, own]), monkeypatch).find(run)
    assert report
    assert report.arn.endswith(":own")
    report = builds_on(FakeCodeBuild([retry]), monkeypatch).find(run)
    assert report
    assert report.started_outside


@pytest.mark.parametrize(
    ("link_end", "has_log"),
    [("group=null;stream=null", False), ("group=/aws/codebuild/pointsman;stream=8745a7a9", True)],
)
def test_a_build_links_to_its_log_once_it_has_one(
    link_end: str, has_log: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = a_run()
    link = f"https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:{link_end}"
    build = a_build("own", 2, run) | {"logs": {"deepLink": link}}
    report = builds_on(FakeCodeBuild([build]), monkeypatch).find(run)
    assert report
    assert report.log_url == (link if has_log else None)


def test_a_build_in_a_status_that_codebuild_adds_counts_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = builds_on(FakeCodeBuild([a_build("one") | {"buildStatus": "QUEUED"}]), monkeypatch)
    (report,) = builds.report(target(DEV), [a_build("one")["arn"]])
    assert report.state is RunState.RUNNING


def test_a_build_that_ended_says_what_codebuild_charges_it_by(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = [{"phaseType": "SUBMITTED", "durationInSeconds": 1}, {"phaseType": "BUILD", "durationInSeconds": 95}]
    environment = {"environmentVariables": [], "computeType": "BUILD_GENERAL1_SMALL", "type": "ARM_CONTAINER"}
    build = a_build("one") | {"phases": [*phases, {"phaseType": "COMPLETED"}], "environment": environment}
    seconds = {}
    for status in ("IN_PROGRESS", "SUCCEEDED"):
        builds = builds_on(FakeCodeBuild([build | {"buildStatus": status}]), monkeypatch)
        (report,) = builds.report(target(DEV), [build["arn"]])
        seconds[status] = report.usage.build_seconds
        assert (report.usage.compute_type, report.usage.environment_type) == ("BUILD_GENERAL1_SMALL", "ARM_CONTAINER")
    assert seconds == {"IN_PROGRESS": None, "SUCCEEDED": 96}


@pytest.mark.parametrize(("mode", "project"), [(Mode.APPLY, "pointsman"), (Mode.CHECK, "pointsman-check")])
def test_a_check_is_started_and_searched_for_in_the_project_of_checks(
    mode: Mode, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeCodeBuild()
    builds = builds_on(client, monkeypatch)
    rollout, run = a_run(mode)
    builds.start(rollout, run)
    builds.find(run)
    assert [request["projectName"] for request in client.started] == [project]
    assert client.projects == [project]


def test_a_build_receives_the_batch_size_of_its_wave_and_only_then() -> None:
    rollout, run = a_run()
    assert "POINTSMAN_OPTIONS" not in environment_of(rollout, run)
    rollout = rollout.replace(spec=rollout.spec.replace(plan=RolloutPlan(waves=(Wave(serial="1"),))))
    assert environment_of(rollout, run)["POINTSMAN_OPTIONS"] == '{"serial":"1"}'
