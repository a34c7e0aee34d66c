"""The files that a task changed, as a runner reports them: no more than the index has room for."""

from pointsman.core.audit.host_event import MOST_PATHS, HostEvent, read_inbound_event
from tests.support.events import host_event, task


def test_a_forged_report_has_no_more_paths_than_a_runner_sends() -> None:
    paths = [f"/srv/{number}" for number in range(MOST_PATHS + 9)]
    event = read_inbound_event(host_event(tasks=[task(changed_paths=paths)]))
    assert isinstance(event, HostEvent)
    assert event.tasks[0].changed_paths == tuple(paths[:MOST_PATHS])
