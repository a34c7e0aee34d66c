"""A host that was changed by hand is found by the scheduled check: the real sweep, roles, functions and Ansible."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.hosts import ManagedHost
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.drift import TargetDrift
from pointsman.core.model import Mode, Rollout, RolloutId, RolloutState, TargetName
from pointsman.core.ports import Transition
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer
from tests.support.operator import Settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

ACCOUNT, REGION = "dev", "eu-west-1"
TARGET = TargetName(f"{ACCOUNT}/{REGION}")
ROUTE, REPOSITORY = "drifters", "acme/drifters"
FILE = "etc/drifter"
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Write the file that nobody may change
      ansible.builtin.copy: {{content: "{content}\\n", dest: "{{{{ host_root }}}}/etc/drifter", mode: "0644"}}
    - name: Look at the host
      ansible.builtin.command: cat /dev/null
      changed_when: false
"""


def push(world: Observer, content: str) -> Rollout:
    pushed = world.cloud.github.push(
        {"site.yml": PLAY.format(content=content)}, f"Version {content}", repository=REPOSITORY
    )
    rollout, _ = world.end_of(pushed.delivery, ROUTE)
    assert rollout.state is RolloutState.SUCCEEDED, world.events(rollout.id)
    return rollout


@pytest.fixture(scope="module")
def host(world: Observer) -> ManagedHost:
    """A host of the target, on which a commit has succeeded."""
    world.cloud.github.repository(REPOSITORY).create()
    push(world, "one")
    hosts = [host for host in world.cloud.hosts() if (host.account, host.region) == (ACCOUNT, REGION)]
    assert all((host.root / FILE).read_text() == "one\n" for host in hosts)
    return hosts[0]


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Settled:
    operator = Settled(cloud, tmp_path_factory.mktemp("operator"))
    operator.settings("")
    return operator


def record(world: Observer) -> TargetDrift | None:
    records = [each for each in world.store.drifts() if each.route == ROUTE]
    return records[0] if records else None


def sweep(world: Observer) -> None:
    """What the schedule does every five minutes."""
    answer = world.cloud.client("lambda").invoke(
        FunctionName="pointsman-start-build:live",
        Payload=json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}).encode(),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def checked(world: Observer) -> tuple[TargetDrift, RolloutId]:
    """What is known after a check that starts now, since the last one was two days ago; and the check."""
    good = next(
        (key, last)
        for key, last in world.store.queues([TARGET])[TARGET].last_good.items()
        if key.partition("#")[2] == ROUTE
    )
    before = record(world) or TargetDrift(target=TARGET, route_key=good[0], route=ROUTE, repository=REPOSITORY)
    earlier = datetime.now(UTC) - timedelta(days=2)
    world.store.commit(Transition(drifts=(before.replace(requested_at=earlier),)))
    sweep(world)
    started = record(world)
    assert started
    assert started.check
    check = started.check.rollout

    def judged() -> TargetDrift | None:
        sweep(world)
        now = record(world)
        return now if now and now.check is None else None

    known = wait_until(judged, STANDSTILL_SECONDS, f"{check} was not judged", lambda: world.progress(check))
    assert known.unknown is None, known
    return known, check


def messages(world: Observer, check: RolloutId) -> list[dict[str, Any]]:
    return [each for each in world.cloud.slack.channel()["messages"] if check in str(each["metadata"])]


def answer(operator: Settled, *words: str) -> tuple[int, list[dict[str, Any]]]:
    done = operator.run("drift", *words, "-o", "json")
    return done.returncode, json.loads(done.stdout)


def test_a_change_by_hand_is_found_once_and_its_repair_resolves_it(
    world: Observer, host: ManagedHost, operator: Settled
) -> None:
    clean, first = checked(world)
    assert clean.hosts == {}
    assert answer(operator, TARGET)[0] == 0
    assert messages(world, first) == []

    (host.root / FILE).write_text("changed by hand\n")
    found, second = checked(world)
    assert set(found.hosts) == {host.name}
    assert (host.root / FILE).read_text() == "changed by hand\n"  # a check changes nothing
    loaded = world.store.load(second)
    assert loaded
    assert loaded[0].spec.mode is Mode.CHECK
    event = world.first(second, DriftDetected)
    assert (event.actor, event.route, event.target, event.host) == ("pointsman.drift", ROUTE, TARGET, host.name)
    assert event.instance_id == host.instance_id
    assert [task.name for task in event.tasks] == ["Write the file that nobody may change"]
    assert "changed by hand" not in event.to_json()
    [message] = wait_until(lambda: messages(world, second), TIMEOUT_SECONDS, "Slack says nothing")
    assert "1 host drifts" in message["text"]
    assert message["metadata"]["event_payload"]["note"] == f"drift#{TARGET}"
    status, [known] = answer(operator, TARGET)
    assert (status, known["state"]) == (1, "drifts")
    assert [each["host"] for each in known["hosts"]] == [host.name]
    table = operator.run("drift", host.name)
    assert table.returncode == 1
    assert "Write the file that nobody may change" in table.stdout

    same, third = checked(world)
    assert same.hosts == found.hosts
    assert not [each for each in world.events(third) if isinstance(each, DriftDetected | DriftResolved)]
    assert messages(world, third) == []

    push(world, "two")
    repaired, fourth = checked(world)
    assert repaired.hosts == {}
    resolved = world.first(fourth, DriftResolved)
    assert (resolved.host, resolved.reason) == (host.name, "the check found no difference")
    [message] = wait_until(lambda: messages(world, fourth), TIMEOUT_SECONDS, "Slack says nothing")
    assert "1 host no longer drifts" in message["text"]
    assert answer(operator, TARGET)[0] == 0
