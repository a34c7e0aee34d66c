"""`pointsman audit show`: everything about one event."""

import json
from collections.abc import Iterator
from itertools import count

import pytest
from typer.testing import Result

from pointsman.core.index.event_names import SHORT, name_of_event
from pointsman.core.index.facets import event_id
from pointsman.core.trail.events import HostResultRecorded, TrailEvent, read_event
from pointsmanctl.commands.audit import show as command
from pointsmanctl.output.event_page import event_page
from pointsmanctl.stack import trail_query
from tests.support.command_line import printed, run
from tests.support.events import DEV, EVENTS, ROLLOUT, host, sample, started_rollout, task, waited
from tests.support.recorded_trail import recorded_trail

RESULT = host(
    DEV, at=10, tasks=[task(), task(name="Restart", status="failed", message="Unit \x1b[31m not found", diff=None)]
)
STEP = waited(DEV)


def alike() -> tuple[HostResultRecorded, HostResultRecorded]:
    """Two events of the same second whose ids begin with the same four digits."""
    known: dict[str, HostResultRecorded] = {}
    for number in count():
        event = host(DEV, f"db-{number}", at=20)
        other = known.setdefault(event_id(event.partition, event.key)[:4], event)
        if other is not event:
            return other, event
    raise AssertionError


ALIKE = alike()


@pytest.fixture(scope="module", autouse=True)
def trail() -> Iterator[None]:
    with (
        recorded_trail(started_rollout(DEV), RESULT, STEP, *ALIKE) as connection,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(command, "connect_stack", lambda *_: connection)
        yield


def ask(*words: object) -> Result:
    return run("audit", "show", *words)


def test_a_rollout_that_is_too_large_to_look_into_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_query, "_PAGES_OF_A_ROLLOUT", 0)
    done = ask(f"{ROLLOUT}/{event_id(STEP.partition, STEP.key)}")
    assert (done.exit_code, "too many events" in done.stderr) == (2, True)


def test_a_part_of_a_result_is_not_said_to_lack_the_others() -> None:
    page = "\n".join(printed(event_page(RESULT.replace(part=1, final=False))))
    assert "is missing" not in page
    assert ["final", "false"] in [line.split() for line in page.splitlines()]


@pytest.mark.parametrize("length", [SHORT, None])
def test_an_event_is_shown_in_words_with_all_its_fields(length: int | None) -> None:
    shown = ask(name_of_event(RESULT)[:length]).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["HostResultRecorded", name_of_event(RESULT)]
    assert "+nofile 65536" in shown
    assert "Unit \\x1b[31m not found" in shown
    assert ["at", "2026-11-23", "08:00:10.000000", "UTC"] in lines
    assert ["rollout", ROLLOUT] in lines
    assert ["key", RESULT.key] in lines


def test_every_fact_of_a_task_is_shown() -> None:
    paths = [f"/etc/nginx/conf.d/{number}.conf" for number in range(3)]
    event = host(DEV, tasks=[task(), task(diff=None, changed_paths=paths, changed_paths_omitted=9, attempts=2)])
    shown = "".join("".join(line.split()) for line in printed(event_page(event), 200))
    for fact in (*paths, '"changed_paths_omitted":9', '"action":"ansible.builtin.template"', '"duration_seconds":0.41'):
        assert fact in shown
    assert shown.count("+nofile65536") == 1


def test_every_fact_of_a_decision_is_shown() -> None:
    shown = " ".join(printed(event_page(read_event(sample("ours/DeliveryDecided.json"))), 400))
    for decision in sample("ours/DeliveryDecided.json")["decisions"]:
        assert all(str(decision[name]) in shown for name in ("pattern", "file", "rollout") if decision.get(name))
    assert '"rollout": "r-' in shown


def in_rollout(event: TrailEvent) -> str:
    return f"{ROLLOUT}/{event_id(event.partition, event.key)}"


def test_programs_get_the_event() -> None:
    assert json.loads(ask(name_of_event(RESULT), "-o", "json").stdout) == [RESULT.to_dict()]


def test_a_step_is_found_in_its_rollout_and_by_its_key() -> None:
    expected = [STEP.to_dict()]
    assert json.loads(ask(in_rollout(STEP), "-o", "json").stdout) == expected
    assert json.loads(ask(in_rollout(STEP)[:26], "-o", "json").stdout) == expected
    assert json.loads(ask(STEP.partition, STEP.key, "-o", "json").stdout) == expected


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (("t5kq3w-3f2a9c0d1e2b",), 3, "the trail has no event t5kq3w-3f2a9c0d1e2b"),
        ((f"{ROLLOUT}/000000000000",), 3, f"the trail has no event {ROLLOUT}/000000000000"),
        (("ROLLOUT#r-1", "RolloutStarted"), 3, "the trail has no event ROLLOUT#r-1 RolloutStarted"),
        (("web-1",), 2, "'web-1' is not an event: give its name from a list"),
    ],
)
def test_what_is_not_there_is_said(words: tuple[str, ...], status: int, expected: str) -> None:
    done = ask(*words)
    assert done.exit_code == status
    assert expected in done.stderr


def test_a_name_that_is_too_short_is_answered_with_those_it_could_be() -> None:
    one, other = map(name_of_event, ALIKE)
    for name, given in ((one, one[:11]), (in_rollout(ALIKE[0]), in_rollout(ALIKE[0])[:23])):
        done = ask(given)
        assert done.exit_code == 2
        assert f"{given!r} is the beginning of several events: " in done.stderr
        assert name in done.stderr
    assert other in ask(one[:11]).stderr


def test_the_page_of_every_sample_has_its_fields() -> None:
    for path in sorted((EVENTS / "ours").glob("*.json")):
        event = read_event(sample(f"ours/{path.name}"))
        page = printed(event_page(event))
        assert page[0].startswith(event.type)
        assert any(line.split() == ["key", *event.key.split()] for line in page), path.name
