"""The main job, as in production: signed payloads over HTTP, real templates, real git, real Ansible, IAM enforced."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from localcloud.github.commits import Author
from localcloud.github.webhook import WebhookDelivery
from localcloud.names import REPOSITORY
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import RolloutState, RunState, TargetName
from pointsman.core.trail.events import HostResultRecorded, RolloutRepeated, RunEnded, TrailEvent
from pointsmanctl.demo.observer import Observer
from tests.support.roles import Roles

HANA = Author("Hana Ito", "hana@example.com")
DEFAULTS = "roles/app/defaults/main.yml"
TASKS = "roles/app/tasks/main.yml"
TARGETS = {
    f"{account}/{region}"
    for account in ("dev", "prod")
    for region in ("us-east-1", "ca-central-1", "ap-southeast-2", "eu-central-1", "eu-west-1")
}
BROKEN_HOST = "web-prod-euc1"
SECRET = "Zk3f9Qw7-hunter2-Rv8"  # pragma: allowlist secret

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def role_change(world: Observer) -> WebhookDelivery:
    """A push that changes a role's default; its rollout has ended."""
    changed = re.sub("(?m)^app_message: .*$", "app_message: clear as far as York", world.file(DEFAULTS))
    title = "Say where to <!channel> & `stop`"
    delivery = world.cloud.github.push(
        {DEFAULTS: changed}, f"{title}\n\nNot shell: $(touch /tmp/pwned)", author=HANA
    ).delivery
    assert delivery.response.status == 202, delivery.response.body
    world.end_of(delivery)
    return delivery


def test_a_role_change_runs_on_every_target_and_ends_well(world: Observer, role_change: WebhookDelivery) -> None:
    rollout, runs = world.end_of(role_change)
    assert rollout.state is RolloutState.SUCCEEDED
    assert {name: run.state for name, run in runs.items()} == dict.fromkeys(TARGETS, RunState.SUCCEEDED)


def test_the_answer_has_the_decision_and_the_reason_of_each_route(role_change: WebhookDelivery) -> None:
    [decision] = role_change.response.json()["decisions"]
    assert decision["outcome"] == "matched"
    assert decision["file"] == DEFAULTS
    assert "`**`" in decision["reason"]
    assert set(decision["targets"]) == TARGETS


def test_ansible_changed_a_real_file_on_every_host(world: Observer, role_change: WebhookDelivery) -> None:
    world.end_of(role_change)
    files = [host.root / "etc/nginx/conf.d/app.conf" for host in world.cloud.hosts()]
    assert len(files) == 10
    assert all("clear as far as York" in file.read_text() for file in files)


def test_the_trail_shows_who_changed_what_on_which_host(world: Observer, role_change: WebhookDelivery) -> None:
    rollout, _ = world.end_of(role_change)
    results = world.host_results(rollout.id, 10)
    assert {result.target for result in results} == TARGETS
    assert {result.actor for result in results} == {"hana"}
    assert {result.commit for result in results} == {rollout.change.after}
    assert len({result.host for result in results}) == 10
    for result in results:
        [configured] = [task for task in result.tasks if task.path.startswith("roles/app/tasks/main.yml")]
        assert configured.diff
        assert "+        return 200" in configured.diff
        assert len(configured.changed_paths) == 1


def test_the_index_finds_who_changed_a_file_on_a_host(world: Observer, role_change: WebhookDelivery) -> None:
    rollout, _ = world.end_of(role_change)
    [result] = [each for each in world.host_results(rollout.id, 10) if each.host == "web-prod-euw1"]
    path = next(task for task in result.tasks if task.changed_paths).changed_paths[-1]

    def found() -> bool:
        entries = world.trail.find(IndexQuery(host="web-prod-euw1", path=path))
        return rollout.id in {each.entry.rollout for each in entries}

    assert wait_until(found, TIMEOUT_SECONDS, f"the index does not find the change of {path}")


@pytest.mark.parametrize(
    "condition",
    [
        {"person": "Hana"},
        {"account": "prod", "region": "eu-west-1"},
        {"host": "web-prod-euw1"},
        {"repository": REPOSITORY},
        {"repository": REPOSITORY, "branch": "main"},
        {"repository": REPOSITORY, "file": DEFAULTS},
        {"outcomes": ("changed",), "route": "site"},
    ],
    ids=str,
)
def test_the_index_finds_the_host(world: Observer, role_change: WebhookDelivery, condition: dict[str, Any]) -> None:
    rollout, _ = world.end_of(role_change)
    query = IndexQuery(commit=rollout.change.after[:7], types=("HostResultRecorded",)).replace(**condition)

    def found() -> bool:
        return "web-prod-euw1" in {event.host for event in world.query(query)}

    assert wait_until(found, TIMEOUT_SECONDS, f"the index does not find the host by {condition}")


def test_slack_has_one_message_that_was_edited_as_runs_progressed(
    world: Observer, role_change: WebhookDelivery
) -> None:
    rollout, _ = world.end_of(role_change)
    message = world.last_message(rollout.id, "succeeded")
    assert len(world.messages(rollout.id)) == 1
    assert message["edits"]
    blocks = json.dumps(message["blocks"], ensure_ascii=False)
    assert "<!channel>" not in blocks
    assert all(target in blocks for target in TARGETS)


def test_text_of_a_commit_reaches_no_shell(world: Observer, role_change: WebhookDelivery) -> None:
    world.end_of(role_change)
    assert not Path("/tmp/pwned").exists()


def test_every_run_links_to_its_log(world: Observer, role_change: WebhookDelivery) -> None:
    _, runs = world.end_of(role_change)
    log = httpx.get(runs[TargetName("dev/us-east-1")].log_url or "").text
    assert "PLAY RECAP" in log


def test_the_same_commit_again_runs_nothing_twice_and_says_why(world: Observer, role_change: WebhookDelivery) -> None:
    rollout, before = world.end_of(role_change)
    builds = world.builds()
    again = world.cloud.github.redeliver(role_change.id)
    assert again.response.status == 202
    assert again.response.json()["decisions"][0]["rollout"] == rollout.id

    repeated = world.first(rollout.id, RolloutRepeated)
    commit = rollout.change.after[:7]
    assert repeated.reason == f"commit {commit} has already run as {rollout.id} (succeeded): nothing runs twice"
    assert world.end_of(role_change)[1] == before
    assert world.builds() == builds


def test_a_push_of_documentation_is_ignored_with_its_reason(world: Observer) -> None:
    builds = world.builds()
    delivery = world.cloud.github.push({"docs/how.md": "# How\n"}, "Tell how", author=HANA).delivery
    assert delivery.response.status == 202
    [decision] = delivery.response.json()["decisions"]
    assert decision["outcome"] == "ignored"
    assert "docs/how.md" in decision["reason"]
    assert world.decision_event(delivery).decisions[0].reason == decision["reason"]
    assert world.builds() == builds


def test_a_broken_task_fails_on_its_host_and_slack_and_the_trail_say_so(
    world: Observer, role_change: WebhookDelivery
) -> None:
    world.end_of(role_change)
    whole = world.file(TASKS)
    broken = (
        f"{whole.rstrip()}\n\n- name: Check the release\n  ansible.builtin.command:\n    argv: [ls, /no/such/release]\n"
        f"  changed_when: false\n  when: inventory_hostname == '{BROKEN_HOST}'\n"
    )
    delivery = world.cloud.github.push({TASKS: broken}, "Check the release", author=HANA).delivery
    rollout, runs = world.end_of(delivery)

    assert rollout.state is RolloutState.FAILED
    assert [name for name, run in runs.items() if run.state is RunState.FAILED] == ["prod/eu-central-1"]
    [failed] = [result for result in world.host_results(rollout.id, 10) if result.status == "failed"]
    assert failed.host == BROKEN_HOST
    [task] = [task for task in failed.tasks if task.status == "failed"]
    assert (task.name, task.role) == ("Check the release", "app")
    assert task.message
    ends = [event for event in world.events(rollout.id) if isinstance(event, RunEnded)]
    assert {event.target for event in ends if event.state is RunState.FAILED} == {"prod/eu-central-1"}

    blocks = json.dumps(world.last_message(rollout.id, "failed")["blocks"], ensure_ascii=False)
    assert BROKEN_HOST in blocks
    assert "Check the release" in blocks
    [note] = world.notes(rollout.id, 1)
    assert (note["thread_ts"], note["broadcast"]) == (world.messages(rollout.id)[0]["ts"], True)
    note_blocks = json.dumps(note["blocks"], ensure_ascii=False)
    assert BROKEN_HOST in note_blocks
    assert "<@U0HANAITO1>" in note_blocks
    world.cloud.github.push({TASKS: whole}, "Take the check back", branch="mended", author=HANA)


def test_a_forged_signature_is_refused(world: Observer) -> None:
    payload = {"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}}
    forged = world.cloud.github.webhook().deliver("push", payload, secret="not the secret")
    assert forged.response.status == 401


def test_a_ping_is_answered_and_starts_nothing(world: Observer) -> None:
    builds = world.builds()
    answer = world.cloud.github.webhook().deliver("ping", {"zen": "Keep it logically awesome.", "hook_id": 1})
    assert answer.response.status == 200
    assert world.builds() == builds


def test_every_call_that_the_functions_made_was_allowed(world: Observer, role_change: WebhookDelivery) -> None:
    rollout, _ = world.end_of(role_change)
    world.last_message(rollout.id, "succeeded")
    log = world.cloud.layout.server_log.read_text()
    for function in ("webhook-receiver", "start-build", "audit-writer", "notify"):
        assert f"pointsman-{function}" in log
    assert [line for line in log.splitlines() if "AccessDenied" in line or "not authorized" in line] == []


def test_no_message_of_any_queue_was_given_up(world: Observer, role_change: WebhookDelivery) -> None:
    world.end_of(role_change)
    sqs = world.cloud.client("sqs")
    queues = sqs.list_queues(QueueNamePrefix="pointsman-").get("QueueUrls", [])
    waiting = {
        url.rsplit("/", 1)[-1]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
            "Attributes"
        ]["ApproximateNumberOfMessages"]
        for url in queues
    }
    assert len(waiting) >= 4
    assert set(waiting.values()) == {"0"}, waiting


def test_the_runner_of_another_version_keeps_recording(world: Observer, role_change: WebhookDelivery) -> None:
    """Reports of the same build by its own role: as a former runner, a newer one and one in another form send them."""
    rollout, runs = world.end_of(role_change)
    run = runs[TargetName("dev/us-east-1")]
    [recorded] = [each for each in world.host_results(rollout.id, 10) if each.target == run.target.name]
    report = {name: value for name, value in recorded.to_dict().items() if name not in ("type", "at", "actor")}
    former = {
        name: value for name, value in report.items() if name not in ("instance_id", "shortened", "part", "final")
    }
    reports = {
        "former-1": former,
        "newer-1": report | {"status": "drifted", "reboot_required": True, "api_token": SECRET},
        "other-1": {**report, "version": 2, "api_token": SECRET},
        "forged-1": {**report, "version": 2, "target": "prod/us-east-1"},
    }
    role = Roles(world).named("dev", "pointsman-build-us-east-1", "us-east-1")
    entry = {
        "EventBusName": world.cloud.record.outputs["BusArn"],
        "Source": "pointsman.ansible",
        "DetailType": "HostResultRecorded",
    }
    entries = [entry | {"Detail": json.dumps(each | {"host": host})} for host, each in reports.items()]
    assert role.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0

    def of_other_versions() -> dict[str, TrailEvent] | None:
        events = {str(event.host): event for event in world.events(rollout.id) if str(event.host) in reports}
        return events if len(events) == 3 else None

    events = wait_until(of_other_versions, 4 * TIMEOUT_SECONDS, "the reports are not in the trail")
    assert {host: event.type for host, event in events.items()} == {
        "former-1": "HostResultRecorded",
        "newer-1": "HostResultRecorded",
        "other-1": "RawReportRecorded",
    }
    assert all(event.actor == rollout.change.actor for event in events.values())
    newer = events["newer-1"]
    assert isinstance(newer, HostResultRecorded)
    assert newer.status == "drifted"
    assert newer.unknown_fields
    assert newer.unknown_fields["reboot_required"] == "true"
    assert SECRET not in "".join(event.to_json() for event in events.values())
