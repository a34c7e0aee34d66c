"""The store of summaries: DynamoDB (on moto) and memory behave alike."""

from collections.abc import Iterator

import boto3
import msgspec
import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.rollouts_table import summary_key
from pointsman.adapters.slack_summaries_dynamodb import DynamoSummaries
from pointsman.adapters.slack_summaries_memory import MemorySummaries
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.slack.rollout_summary import RolloutSummary, add, begin, targets_of
from pointsman.core.slack.summaries import ListPlace, SummaryStore, TargetChange, place_of
from pointsman.core.slack.target_summary import TargetSummary
from pointsman.core.slack.wave_summary import WavesSummary
from pointsman.core.trail.event import Event
from pointsman.errors import Conflict
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    arn,
    cancelled,
    ended_run,
    host,
    playbook_ended,
    repeated,
    reported,
    retried,
    started_rollout,
    started_run,
    task,
    waited,
)
from tests.support.rollouts import MORNING, change
from tests.support.tables import create_tables
from tests.support.wave_events import approved, gate, halted, rolled_back, rollout_waited, wave_started

EPOCH = "20261123T080000000000"


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[SummaryStore]:
    if request.param == "memory":
        yield MemorySummaries()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        yield DynamoSummaries(client, "rollouts")


def summed_up(*events: Event, targets: tuple[str, ...] = (DEV, PROD)) -> tuple[RolloutSummary, list[TargetSummary]]:
    summary, found = begin(started_rollout(*targets), EPOCH), dict[str, TargetSummary]()
    add(summary, found, [(event, targets_of(event)) for event in events], targets.__contains__)
    return summary, list(found.values())


def new(*targets: TargetSummary) -> list[TargetChange]:
    return [TargetChange(target, None, place_of(target)) for target in targets]


EVERYTHING = (
    waited(DEV),
    started_run(DEV),
    reported(DEV),
    host(DEV, "web-1", status="failed", tasks=[task(status="failed", message="503 – süß")]),
    host(DEV, "web-2", build_arn=arn(DEV, 9), started_by="omar"),
    playbook_ended(DEV, results_missing=["web-3"]),
    ended_run(DEV, "failed", reason="exit status 2"),
    repeated(80),
    cancelled(85),
    retried(90, DEV),
    wave_started(1, DEV),
    rollout_waited("freeze"),
    gate(1),
    halted(not_started=(PROD,)),
    approved(91),
    rolled_back(92, DEV),
)


def test_a_summary_is_loaded_as_it_was_saved(store: SummaryStore) -> None:
    assert store.load_summary(ROLLOUT) is None
    summary, [dev] = summed_up(*EVERYTHING)
    store.save_summary(summary, new(dev))
    assert summary.version == 1
    assert store.load_summary(ROLLOUT) == summary
    assert store.load_targets(ROLLOUT, EPOCH, [DEV, PROD]) == {DEV: dev}


def test_a_summary_without_newer_fields_is_read() -> None:
    older = {"rollout": ROLLOUT, "epoch": EPOCH, "started_at": MORNING, "route": "site", "mode": "apply"}
    stored = msgspec.json.encode(older | {"change": change().to_dict()})
    assert msgspec.json.decode(stored, type=RolloutSummary).waves == WavesSummary()


def test_the_summary_of_a_rollout_of_many_targets_is_small(store: SummaryStore) -> None:
    """An item of DynamoDB has at most 400 KB; a summary is written for each event."""
    names = tuple(f"prod-{number:04d}/eu-west-1" for number in range(1_000))
    long = "x" * 5_000
    summary, _ = summed_up(
        *(wave_started(wave, *names, waves=20) for wave in range(1, 21)),
        *(rollout_waited(kind, reason=long) for kind in WaitKind),
        gate(20, reason=long),
        halted(not_started=names),
        rolled_back(92, *names),
        approved(93, reason=long),
        targets=names,
    )
    store.save_summary(summary)
    assert len(msgspec.json.encode(summary)) < 20_000
    assert store.load_summary(ROLLOUT) == summary


def test_only_one_of_two_writers_saves_and_the_other_changes_nothing(store: SummaryStore) -> None:
    first, [dev] = summed_up(started_run(DEV))
    other, [prod] = summed_up(started_run(PROD))
    store.save_summary(first, new(dev))
    with pytest.raises(Conflict):
        store.save_summary(other, new(prod))
    assert store.load_targets(ROLLOUT, EPOCH, [DEV, PROD]) == {DEV: dev}
    assert [place.name for place in store.first_places(ROLLOUT, EPOCH, 9)] == [DEV]


def test_places_are_in_the_order_of_urgency_and_then_of_the_rollout(store: SummaryStore) -> None:
    names = (*(f"dev/eu-west-{number}" for number in range(12)), "dev/a#b")
    summary, targets = summed_up(
        *(started_run(name) for name in names), ended_run(names[7], "failed"), ended_run(names[0]), targets=names
    )
    store.save_summary(summary, new(*targets))
    listed = [place.name for place in store.first_places(ROLLOUT, EPOCH, 99)]
    assert listed == [names[7], *names[1:7], *names[8:], names[0]]
    assert store.first_places(ROLLOUT, EPOCH, 2) == [ListPlace(0, 7, names[7]), ListPlace(5, 1, names[1])]


def test_a_target_that_moves_leaves_its_place(store: SummaryStore) -> None:
    summary, [dev] = summed_up(started_run(DEV))
    store.save_summary(summary, new(dev))
    before = place_of(dev)
    add(summary, {DEV: dev}, [(ended_run(DEV), (DEV,))], bool)
    store.save_summary(summary, [TargetChange(dev, before, place_of(dev))])
    assert store.first_places(ROLLOUT, EPOCH, 9) == [place_of(dev)]
    add(summary, {DEV: dev}, [(host(DEV), (DEV,))], bool)
    store.save_summary(summary, [TargetChange(dev, place_of(dev), place_of(dev))])
    assert store.first_places(ROLLOUT, EPOCH, 9) == [place_of(dev)]


def test_epochs_and_rollouts_are_separate(store: SummaryStore) -> None:
    summary, [dev] = summed_up(started_run(DEV))
    store.save_summary(summary, new(dev))
    assert store.load_targets(ROLLOUT, "later", [DEV]) == {}
    assert store.first_places(ROLLOUT, "later", 9) == []
    assert store.load_summary("r-other") is None


def test_more_targets_are_read_than_one_call_returns(store: SummaryStore) -> None:
    names = tuple(f"dev/eu-west-{number}" for number in range(130))
    summary, targets = summed_up(*(started_run(name) for name in names), targets=names)
    for first in range(0, 130, 33):
        store.save_summary(summary, new(*targets[first : first + 33]))
    assert store.load_targets(ROLLOUT, EPOCH, names).keys() == {*names}


def test_a_dropped_summary_is_gone_and_can_be_written_anew(store: SummaryStore) -> None:
    summary, [dev] = summed_up(started_run(DEV))
    store.save_summary(summary, new(dev))
    store.drop_summary(ROLLOUT)
    store.drop_summary(ROLLOUT)
    assert store.load_summary(ROLLOUT) is None
    with pytest.raises(Conflict):
        store.save_summary(summary)
    store.save_summary(summed_up()[0])


@pytest.mark.parametrize("data", [b"", b"not compressed", b"x\x9c\xabV*I-.\x01\x00\x06\xf0\x02&"])
def test_a_summary_that_cannot_be_read_is_dropped(data: bytes) -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        client.put_item(TableName="rollouts", Item=marshal(summary_key(ROLLOUT) | {"version": 7, "data": data}))
        store = DynamoSummaries(client, "rollouts")
        assert store.load_summary(ROLLOUT) is None
        store.save_summary(summed_up()[0])
        loaded = store.load_summary(ROLLOUT)
        assert loaded
        assert (loaded.version, loaded.by_state) == (1, summed_up()[0].by_state)
