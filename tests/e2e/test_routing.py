"""Routing as in production: a GitHub App asks for files, its secret read by name under IAM; pull requests checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.github.commits import Author
from localcloud.github.local_github import PushResult
from localcloud.github.pull_request import pull_request_payload
from localcloud.github.repository import GitRepository
from localcloud.github.seed import seed
from localcloud.github.webhook import WebhookDelivery
from localcloud.hosts import ManagedHost
from pointsman.core.model import Mode, RolloutState
from pointsmanctl.demo.observer import Observer

HANA = Author("Hana Ito", "hana@example.com")
PREVIEWED = "acme/previewed"
DEFAULTS = "roles/app/defaults/main.yml"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


@pytest.fixture
def calls(world: Observer) -> Iterator[Observer]:
    """GitHub's API without failures and without calls so far."""
    world.cloud.github.control(reset=True)
    yield world
    world.cloud.github.control(reset=True)


@pytest.fixture(scope="module")
def previewed(world: Observer) -> GitRepository:
    """A repository of its own, for which the route `preview` is."""
    repository = world.cloud.github.repository(PREVIEWED)
    seed(repository)
    return repository


def decision_of(delivery: WebhookDelivery) -> dict[str, Any]:
    assert delivery.response.status == 202, delivery.response.body
    [decision] = delivery.response.json()["decisions"]
    assert isinstance(decision, dict)
    return decision


def forced(world: Observer, repository: GitRepository, branch_files: dict[str, str]) -> PushResult:
    """A commit on main that a forced push takes away again."""
    before = repository.resolve("main")
    repository.commit(branch_files, "Too early", author=HANA)
    return world.cloud.github.announce(
        repository.reset_branch("main", before), author=HANA, repository=repository.full_name
    )


def undetermined(world: Observer, delivery: WebhookDelivery) -> dict[str, Any]:
    """The decision of a delivery that runs because its files are not known; its rollout has ended."""
    decision = decision_of(delivery)
    rollout, _ = world.end_of(delivery)
    assert (rollout.state, rollout.spec.mode) == (RolloutState.SUCCEEDED, Mode.APPLY)
    return decision


def files_of(host: ManagedHost) -> dict[Path, str]:
    return {path: path.read_text() for path in host.root.rglob("*") if path.is_file()}


def test_after_a_forced_push_github_tells_what_differs(calls: Observer, previewed: GitRepository) -> None:
    decision = decision_of(forced(calls, previewed, {"docs/a.md": "1"}).delivery)
    assert (decision["outcome"], decision["runs"]) == ("ignored", False)
    assert decision["reason"].endswith("no changed file matches paths: the only file is docs/a.md")
    requests = [(call["method"], call["path"].split("/")[-2], call["status"]) for call in calls.cloud.github.calls()]
    assert ("GET", "trees", 200) in requests
    assert {status for *_, status in requests} <= {200, 201}


def test_a_new_branch_is_compared_with_where_it_left_main(calls: Observer, previewed: GitRepository) -> None:
    pushed = calls.cloud.github.push(
        {DEFAULTS: "app_message: x\n"}, "Try", branch="topic", author=HANA, repository=PREVIEWED
    )
    assert decision_of(pushed.delivery)["reason"] == "branch topic matches none of branches `main`"
    assert calls.cloud.github.calls() == []  # its files do not matter


def test_where_github_does_not_answer_the_decision_is_undetermined_and_says_why(
    calls: Observer, previewed: GitRepository
) -> None:
    calls.cloud.github.control(rate_limited=True)
    decision = undetermined(calls, forced(calls, previewed, {"docs/b.md": "1"}).delivery)
    assert (decision["outcome"], decision["runs"]) == ("undetermined", True)
    assert "the rate limit of GitHub's API is exceeded (403)" in decision["reason"]
    assert decision["reason"].endswith("so it runs (when_undetermined: run)")


def test_a_silent_github_does_not_keep_the_delivery_from_its_answer(calls: Observer, previewed: GitRepository) -> None:
    calls.cloud.github.control(delay={"path_contains": "trees", "seconds": 300})
    decision = undetermined(calls, forced(calls, previewed, {"docs/c.md": "1"}).delivery)
    assert "GitHub's API did not answer in time" in decision["reason"]


def test_who_pushes_and_what_the_message_says_decide(calls: Observer, previewed: GitRepository) -> None:
    robot = Author("Robot", "robot@example.com")
    by_robot = calls.cloud.github.push({"roles/x": "1"}, "Tidy", author=robot, repository=PREVIEWED)
    assert "matches actors-ignore[0] `robot`" in decision_of(by_robot.delivery)["reason"]
    unfinished = calls.cloud.github.push({"roles/x": "2"}, "WIP: not yet", author=HANA, repository=PREVIEWED)
    assert "the message matches messages-ignore[0] `(?i)^wip`" in decision_of(unfinished.delivery)["reason"]
    marked = calls.cloud.github.push({"roles/x": "3"}, "Tidy [skip preview]", author=HANA, repository=PREVIEWED)
    assert "the message contains [skip preview]" in decision_of(marked.delivery)["reason"]


def test_a_pull_request_is_checked_on_its_target_and_changes_nothing(calls: Observer, previewed: GitRepository) -> None:
    text = (previewed.clone / DEFAULTS).read_text().replace("app_message: ", "app_message: previewed ")
    previewed.commit({DEFAULTS: text}, "Say it first", branch="feature/say", author=HANA)
    [host] = [host for host in calls.cloud.hosts() if host.account == "dev" and host.region == "eu-west-1"]
    before = files_of(host)

    payload = pull_request_payload(previewed, 7, "opened", "main", "feature/say", HANA, title="Say it first")
    delivery = calls.cloud.github.webhook().deliver("pull_request", payload)

    decision = decision_of(delivery)
    assert decision["reason"].startswith("pull request #7 to main matches branches[0] `main`; its head branch matches")
    assert (decision["file"], decision["targets"]) == (DEFAULTS, ["dev/eu-west-1"])
    rollout, _ = calls.end_of(delivery)
    assert (rollout.state, rollout.spec.mode) == (RolloutState.SUCCEEDED, Mode.CHECK)
    [result] = calls.host_results(rollout.id, 1)
    assert result.mode is Mode.CHECK
    assert any("previewed" in (task.diff or "") for task in result.tasks)
    assert files_of(host) == before
    said = json.dumps(calls.last_message(rollout.id, rollout.state.value)["blocks"], ensure_ascii=False)
    assert "check only" in said
    assert "#7 feature/say → main" in said


def test_a_forks_pull_request_runs_nothing(calls: Observer, previewed: GitRepository) -> None:
    payload = pull_request_payload(
        previewed, 8, "opened", "main", "feature/say", HANA, head_repository="eve/previewed", title="Let me in"
    )
    decision = decision_of(calls.cloud.github.webhook().deliver("pull_request", payload))
    assert (decision["runs"], decision["reason"]) == (
        False,
        "the pull request comes from eve/previewed: code from a fork never runs",
    )


def test_what_else_happens_to_a_pull_request_is_not_recorded(calls: Observer, previewed: GitRepository) -> None:
    payload = pull_request_payload(previewed, 7, "labeled", "main", "feature/say", HANA)
    response = calls.cloud.github.webhook().deliver("pull_request", payload).response
    assert (response.status, response.json()["ignored"]) == (200, "no route handles a pull request that was labeled")
