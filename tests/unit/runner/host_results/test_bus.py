"""Results reach the bus, or stay pending."""

from pathlib import Path
from typing import Any

import pytest
from host_results import environment
from host_results.bus import MAX_REQUEST_BYTES, send
from host_results.deliver import deliver, deliver_all
from host_results.environment import Bus
from host_results.pending import PLAYBOOK_ENDED, PendingEvent, pending_results
from host_results.spool import Spool

from tests.support.ansible_runs import BUS, FakeBus

CONTROL = Bus(BUS, "us-east-1")


def results(number: int, weight: int = 0) -> list[PendingEvent]:
    return [
        PendingEvent("run", f"web-{index}", {"host": f"web-{index}", "text": "x" * weight}) for index in range(number)
    ]


class Watched(FakeBus):
    """Also records the size of each request."""

    requests: list[tuple[int, int]]

    def put_events(self, *, Entries: Any) -> dict[str, Any]:  # noqa: N803
        self.requests.append((len(Entries), sum(len(entry["Detail"]) for entry in Entries)))
        return super().put_events(Entries=Entries)


def watched(**settings: Any) -> Watched:
    bus = Watched(**settings)
    bus.requests = []
    return bus


def waits() -> tuple[list[float], Any]:
    taken: list[float] = []
    return taken, taken.append


def test_an_entry_has_the_form_that_the_control_stack_expects() -> None:
    bus = FakeBus()
    assert [reason for _, reason in send(results(1), CONTROL, bus)] == [None]
    assert bus.entries == [
        {
            "Source": "pointsman.ansible",
            "DetailType": "HostResultRecorded",
            "Detail": '{"host":"web-0","text":""}',
            "EventBusName": BUS,
        }
    ]


def test_a_check_sends_with_the_source_that_its_role_may_use() -> None:
    project = {"POINTSMAN_BUS": BUS, "POINTSMAN_ROLLOUT": "r-1", "POINTSMAN_EVENT_SOURCE": "pointsman.check"}
    control, sent = environment.bus(project), FakeBus()
    assert control is not None
    assert [reason for _, reason in send(results(1), control, sent)] == [None]
    assert [entry["Source"] for entry in sent.entries] == ["pointsman.check"]


def test_at_most_ten_entries_go_in_one_request() -> None:
    bus = watched()
    assert len(list(send(results(25), CONTROL, bus))) == 25
    assert [count for count, _ in bus.requests] == [10, 10, 5]


def test_a_request_stays_within_its_size() -> None:
    bus = watched()
    list(send(results(5, weight=100_000), CONTROL, bus))
    assert [count for count, _ in bus.requests] == [2, 2, 1]
    assert all(weight <= MAX_REQUEST_BYTES for _, weight in bus.requests)


def test_only_entries_with_a_transient_error_are_sent_again() -> None:
    bus = watched(refusals=2)
    taken, wait = waits()
    reasons = {result.host: reason for result, reason in send(results(3), CONTROL, bus, wait)}
    assert reasons == {"web-0": None, "web-1": None, "web-2": None}
    assert [count for count, _ in bus.requests] == [3, 2]
    assert len(taken) == 1


def test_sending_stops_after_four_attempts_with_the_reason() -> None:
    bus = watched(refusals=100)
    taken, wait = waits()
    assert [reason for _, reason in send(results(1), CONTROL, bus, wait)] == ["ThrottlingException: not now"]
    assert len(bus.requests) == 4
    assert sum(taken) < 10


def test_a_permanent_error_is_not_retried() -> None:
    bus = watched(refusals=1, error="AccessDeniedException")
    assert [reason for _, reason in send(results(1), CONTROL, bus)] == ["AccessDeniedException: not now"]
    assert len(bus.requests) == 1


class Broken(FakeBus):
    def put_events(self, *, Entries: Any) -> dict[str, Any]:  # noqa: N803
        if self.entries:
            raise ConnectionError("no route")
        return super().put_events(Entries=Entries)


def run_of(hosts: int, spool: Spool) -> None:
    """A run that has ended, as the callback and the runner record it."""
    context = {"rollout": "r", "target": "t", "attempt": 1, "mode": "apply", "build_arn": "", "commit": ""}
    spool.append("run", "run", context=context)
    for number in range(hosts):
        spool.append("run", "host", host=f"web-{number}", instance_id=None, started_at="2026-11-23T08:00:00Z")
        spool.append("run", "recap", host=f"web-{number}", counts={"ok": 1})
    spool.append("run", "end")
    spool.append("run", "ended", detail={"reason": ""})


def test_what_is_not_sent_when_the_network_breaks_stays_pending(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    run_of(12, spool)
    outcome = deliver(pending_results(spool, ended=True), spool, CONTROL, Broken())
    assert len(outcome.sent) == 10
    assert [(event.host, reason) for event, reason in outcome.refused] == [
        ("web-10", "ConnectionError: no route"),
        ("web-11", "ConnectionError: no route"),
    ]
    assert [event.host for event in pending_results(spool, ended=True)] == ["web-10", "web-11"]


def test_the_end_of_ansible_is_sent_last_and_names_the_hosts_with_missing_results(tmp_path: Path) -> None:
    spool, bus = Spool(tmp_path / "spool"), FakeBus()
    run_of(2, spool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bus, "put_events", refusing_first(bus))
        deliver_all(spool, CONTROL, bus, ended=True)
    assert [entry["DetailType"] for entry in bus.entries] == ["HostResultRecorded", PLAYBOOK_ENDED]
    assert bus.details[-1]["results_missing"] == ["web-0"]
    assert [event.host for event in deliver_all(spool, CONTROL, bus, ended=True).sent] == ["web-0"]


def test_an_end_waits_for_results_that_are_sent_again(tmp_path: Path) -> None:
    """Else the trail would say for ever that results are missing which it has."""
    spool, bus = Spool(tmp_path / "spool"), FakeBus()
    run_of(2, spool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bus, "put_events", refusing_first(bus))
        first = deliver_all(spool, CONTROL, bus, ended=True, again=True)
    assert [event.host for event, _ in first.refused] == ["web-0"]
    assert [event.title for event in deliver_all(spool, CONTROL, bus, ended=True).sent] == [
        "the result of web-0",
        "the end of Ansible",
    ]
    assert bus.details[-1]["results_missing"] == []


def test_an_end_that_was_not_written_does_not_wait(tmp_path: Path) -> None:
    spool, bus = Spool(tmp_path / "spool"), FakeBus()
    run_of(2, spool)
    end = PendingEvent("run", "", {"reason": "the disk is full"}, type=PLAYBOOK_ENDED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bus, "put_events", refusing_first(bus))
        deliver_all(spool, CONTROL, bus, ended=True, again=True, unwritten_end=end)
    assert bus.details[-1] == {"reason": "the disk is full", "results_missing": ["web-0"]}


def test_a_bus_that_takes_too_long_is_left_and_the_hosts_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, bus = Spool(tmp_path / "spool"), FakeBus()
    run_of(25, spool)
    minutes = iter(range(1_000))
    monkeypatch.setattr("host_results.deliver.time.monotonic", lambda: next(minutes) * 60.0)
    outcome = deliver_all(spool, CONTROL, bus, ended=True)
    assert outcome.refused[0][1] == "TimeoutError: the bus took more than 60 seconds"
    assert bus.details[-1]["results_missing"] == sorted(event.host for event, _ in outcome.refused)


def test_an_end_that_could_not_be_written_is_sent(tmp_path: Path) -> None:
    spool, bus = Spool(tmp_path / "spool"), FakeBus()
    run_of(1, spool)
    end = PendingEvent("run", "", {"recording_error": "the disk was full"}, type=PLAYBOOK_ENDED)
    spool_without_end = Spool(tmp_path / "other")
    deliver_all(spool_without_end, CONTROL, bus, ended=True, unwritten_end=end)
    assert bus.details == [{"recording_error": "the disk was full", "results_missing": []}]


def refusing_first(bus: FakeBus) -> Any:
    """A bus that always refuses the first entry."""
    accept = FakeBus.put_events

    def put_events(*, Entries: Any) -> dict[str, Any]:  # noqa: N803
        if bus.entries:
            return accept(bus, Entries=Entries)
        kept = accept(bus, Entries=Entries[1:])
        return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "AccessDenied"}, *kept["Entries"]]}

    return put_events


def test_a_spool_that_cannot_be_written_stops_no_delivery(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    bus = FakeBus()
    sent = deliver(results(2), Spool(tmp_path / "file" / "spool"), CONTROL, bus).sent
    assert [event.host for event in sent] == ["web-0", "web-1"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"POINTSMAN_BUS": BUS, "POINTSMAN_ROLLOUT": "r-1"}, CONTROL),
        ({"POINTSMAN_BUS": BUS}, None),
        ({"POINTSMAN_ROLLOUT": "r-1"}, None),
        ({"POINTSMAN_BUS": "pointsman", "POINTSMAN_ROLLOUT": "r-1"}, None),
    ],
)
def test_the_bus_is_called_in_its_own_region(variables: dict[str, str], expected: Bus | None) -> None:
    assert environment.bus(variables) == expected


def test_a_manual_run_has_a_context_too() -> None:
    context = environment.context({"POINTSMAN_ATTEMPT": "two", "POINTSMAN_MODE": "check"})
    assert (context.attempt, context.mode, context.rollout) == (1, "check", "")
