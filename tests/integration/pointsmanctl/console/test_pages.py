"""Each page of the console, over rollouts that the engine made."""

import re

import pytest
from starlette.testclient import TestClient

from pointsman.adapters.report_page.files import THEME
from pointsman.core.model import RolloutId
from tests.support.console_world import CANARY, EARLIER, OPEN, console_world, nginx
from tests.support.html_text import ParsedPage, parsed
from tests.support.plans import waved
from tests.support.rollouts import delivery

HOST = "/hosts/prod/eu-central-1/web-prod-euc1"


def page(client: TestClient, path: str, status: int = 200) -> ParsedPage:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    found = parsed(answer.text)
    assert found.misplaced == [], path
    return found


def events(found: ParsedPage) -> list[str]:
    """The addresses of the events that a page lists."""
    return [each["href"] for tag, each in found.elements if tag == "a" and each.get("class") == "when"]


def test_the_first_page_shows_what_runs_and_what_waits_until_when(client: TestClient) -> None:
    text = page(client, "/").text
    assert "Serve the new timetable from the cache" in text
    assert "waits for an approval by kofi, hana · until 2026-11-24 09:11:06 · then the rollout halts" in text
    assert re.search(r"pointsman rollout approve r-[0-9a-f]{16} --wave 2", text)
    assert "Wave 2 at gate 1 succeeded of 1 · 1 host at a time eu-central-1 prod succeeded" in text
    assert "Wave 3 not started none of 4 · 2 targets at a time" in text
    assert "6 of 10 targets done" in text


def test_the_first_page_shows_freezes_and_what_ended_lately(client: TestClient) -> None:
    text = page(client, "/").text
    assert "prod/us-east-1 until 2026-11-23 18:13:18 · load test until the evening" in text
    ended = text[text.index("Ended lately") :]
    assert ended.index("failed Announce the winter timetable") < ended.index("succeeded Raise the file limit")


def test_a_rollout_without_waves_shows_its_regions(client: TestClient) -> None:
    assert "All at once 3 running, 1 succeeded of 4 ap-southeast-2 dev running" in page(client, "/").text


def test_the_page_of_a_rollout_has_its_waves_runs_decision_hosts_and_events(
    client: TestClient, ids: dict[str, RolloutId]
) -> None:
    text = page(client, f"/rollouts/{ids['bad']}").text
    assert "failed by Omar Haddad, pushed by omar" in text
    assert "the rollout halted: wave 2 failed: prod/eu-central-1 failed" in text
    assert f"Next: pointsman rollout retry {ids['bad']} --failed-hosts pointsman rollout rollback {ids['bad']}" in text
    assert "prod/eu-central-1 failed 08:43:15 31s" in text
    assert "matched branch main matches" in text
    assert "Check that the release fits this host" in text
    assert "ls: cannot access '/srv/releases/2026-11'" in text
    assert "5 runs succeeded 5 targets dev/ap-southeast-2" in text
    assert "halted in wave 2" in text


def test_hosts_that_are_alike_have_one_row_with_one_diff(client: TestClient, ids: dict[str, RolloutId]) -> None:
    text = page(client, f"/rollouts/{ids['first']}").text
    assert text.count("worker_connections 4096;") == 1
    assert "Diff +1 −1 on 10 hosts" in text
    assert "10 hosts on 10 targets web-prod-" in text


def test_an_unknown_rollout_is_not_found(client: TestClient) -> None:
    assert "there is no rollout r-0000000000000000" in page(client, "/rollouts/r-0000000000000000", 404).text


@pytest.mark.parametrize(
    ("question", "has", "lacks"),
    [
        ("actor=OMAR", "Announce the winter timetable", "Raise the file limit"),
        (f"commit={EARLIER[:8]}", "Raise the file limit", "Announce"),
        ("target=prod/*&outcome=failed", "Check that the release fits this host", "Configure nginx"),
        ("host=web-prod-euc1", "Configure nginx", "web-dev-use1"),
        ("task=Set+the+file+limit", "Set the file limit", "Configure nginx"),
        ("type=RolloutStarted", "started on 10 targets: Raise the file limit", "Configure nginx"),
        ("repo=acme/infra&branch=main&route=base", "Update the base packages", "timetable"),
        ("outcome=failed&outcome=halted", "halted in wave 2", "Configure nginx"),
        ("since=2026-11-23T09:00", "Configure nginx", "winter"),
        ("until=2026-11-23T08:30", "Raise the file limit", "winter"),
    ],
)
def test_the_timeline_takes_the_conditions_of_the_audit_command(
    client: TestClient, question: str, has: str, lacks: str
) -> None:
    text = page(client, f"/timeline?{question}").text
    assert has in text
    assert lacks not in text[text.index("Conditions") :].partition("Search Clear")[2]


def test_the_timeline_names_the_same_question_for_the_command_line(client: TestClient) -> None:
    text = page(client, "/timeline?target=prod/*&outcome=failed&by=host&diff=1").text
    assert "pointsman audit --target 'prod/*' --outcome failed --by host --diff" in text


def test_pages_of_the_timeline_follow_each_other_without_a_gap(client: TestClient) -> None:
    seen: list[str] = []
    path: str | None = "/timeline?limit=7&by=event"
    while path:
        found = page(client, path)
        seen += events(found)
        path = next((each for each in found.links() if "before=" in each), None)
    assert seen == events(page(client, "/timeline?limit=500&by=event"))
    assert len(seen) == len(set(seen)) > 60


@pytest.mark.parametrize(
    "question",
    ["type=RunStarted", "type=RunEnded&target=prod/*", "type=RunEnded&route=site&outcome=succeeded&by=event"],
)
def test_pages_of_steps_follow_each_other_without_a_gap(client: TestClient, question: str) -> None:
    seen: dict[str, None] = {}
    path: str | None = f"/timeline?{question}&limit=6"
    while path:
        found = page(client, path)
        seen |= dict.fromkeys(events(found))
        path = next((each["href"] for tag, each in found.elements if each.get("rel") == "next"), None)
    assert list(seen) == events(page(client, f"/timeline?{question}&limit=500"))
    assert len(seen) > 6


def test_the_timeline_by_host_puts_the_results_of_a_host_together(client: TestClient) -> None:
    found = page(client, "/timeline?by=host&target=prod/eu-central-1&type=HostResultRecorded")
    assert "2026-11-23 09:11:06 changed Configure nginx" in found.text
    assert found.text.count("prod/eu-central-1 ") >= 3


def test_steps_of_runs_are_found_by_their_type(client: TestClient, ids: dict[str, RolloutId]) -> None:
    found = page(client, f"/timeline?rollout={ids['base']}&type=RunStarted")
    assert len(events(found)) == 4
    for each in events(found):
        assert "RunStarted" in page(client, each).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/timeline/new", 400),
        ("/timeline/new?after=soon", 400),
        ("/timeline/new?after=2026-11-23T09:13:00", 400),
        ("/event", 404),
        ("/event?pk=ROLLOUT%23r-1", 404),
        ("/event?pk=ROLLOUT%23r-1&sk=x", 404),
    ],
)
def test_an_address_that_lacks_something_says_so(client: TestClient, path: str, status: int) -> None:
    assert "That did not work" in page(client, path, status).text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("branch=main", "branch : it needs repo"),
        ("repo=nonsense", "repo : 'nonsense' is not owner/name"),
        ("outcome=changd", "outcome : 'changd' is not an outcome"),
        ("type=RunEnd", "type : 'RunEnd' is not an event type"),
        ("commit=main", "commit : 'main' is not a commit"),
        ("commit=abc", "commit : 'abc' is not a commit"),
        ("target=x", "target : 'x' is not account/region"),
        ("since=soon", "since : 'soon' is not a valid time"),
        ("limit=0", "limit : '0' is not a number from 1 to 500"),
        ("by=day", "by : 'day' is not one of task, host, event"),
    ],
)
def test_a_condition_that_is_not_valid_is_named_and_kept(client: TestClient, question: str, expected: str) -> None:
    assert expected in page(client, f"/timeline?{question}", 400).text


def test_the_timeline_says_how_much_is_new(client: TestClient) -> None:
    assert parsed(client.get("/timeline/new?after=2026-11-23T09:13:00Z").text).text == "4 new events: show"
    assert client.get("/timeline/new?after=2026-11-23T09:14:00Z").text.strip() == ""


def test_the_hosts_page_lists_every_host_and_filters(client: TestClient) -> None:
    assert "10 hosts" in page(client, "/hosts").text
    found = page(client, "/hosts?q=prod/eu").text
    assert "2 hosts" in found
    assert "web-dev" not in found


def test_the_page_of_a_host_shows_its_history_and_its_files(client: TestClient) -> None:
    found = page(client, HOST)
    for text in ("2026-11-23 09:11:06 changed Configure nginx", "08:43:46 failed Check that", "and 1 more task"):
        assert text in found.text
    assert f"{HOST}?path=%2Fetc%2Fnginx%2Fnginx.conf" in found.links()


def test_blame_shows_who_changed_a_file_last_and_who_before(client: TestClient) -> None:
    text = page(client, f"{HOST}?path=/etc/nginx/nginx.conf").text
    assert text.index(f"ada {OPEN[:7]}") < text.index(f"hana {EARLIER[:7]}")
    assert text.count("worker_connections 4096;") == 2


def test_blame_of_an_unknown_file_suggests_a_similar_one(client: TestClient) -> None:
    found = page(client, f"{HOST}?path=/etc/nginx/nginx.cfg")
    assert "Did you mean /etc/nginx/nginx.conf" in found.text


def test_an_unknown_host_is_not_found(client: TestClient) -> None:
    assert "no result of a host dev/eu-central-1/web-1" in page(client, "/hosts/dev/eu-central-1/web-1", 404).text


def test_the_page_of_an_event_has_its_tasks_with_diffs_and_every_field(client: TestClient) -> None:
    found = page(client, "/timeline?host=web-prod-euc1&task=Configure+nginx")
    text = page(client, events(found)[0]).text
    assert "worker_connections 4096;" in text
    assert "partition ROLLOUT#r-" in text
    assert f"target {CANARY}" in text


def test_a_diff_is_read_when_it_is_opened(client: TestClient) -> None:
    answer = client.get("/timeline?host=web-prod-euc1&task=Configure+nginx").text
    assert "worker_connections" not in answer
    path = re.findall(r'hx-get="(/events/[^"]+/diffs/[0-9a-f]+)"', answer)[0]
    assert "worker_connections 4096;" in client.get(path).text
    assert client.get(path[:-1] + "_").status_code == 404


def test_the_delivery_of_a_rollout_is_an_event_with_its_decisions(
    client: TestClient, ids: dict[str, RolloutId]
) -> None:
    found = page(client, f"/rollouts/{ids['first']}")
    delivery = next(each for each in found.links() if each.startswith("/event?"))
    assert "Decisions matched site branch main matches" in page(client, delivery).text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("r-0123456789abcdef", "/rollouts/r-0123456789abcdef"),
        ("1F0B1F2", "/timeline?commit=1f0b1f2"),
        ("t5kq3w-3f2a9c", "/events/t5kq3w-3f2a9c"),
        ("prod/eu-west-1", "/timeline?target=prod%2Feu-west-1"),
    ],
)
def test_a_search_for_one_thing_leads_to_it(client: TestClient, text: str, place: str) -> None:
    answer = client.get("/search", params={"q": text})
    assert (answer.status_code, answer.headers["location"]) == (303, place)


@pytest.mark.parametrize(
    ("name", "suggestion"), [("worker-0001", "/events/worker-0001"), ("db0001", "/timeline?commit=db0001")]
)
def test_a_host_is_found_whose_name_could_be_that_of_an_event_or_a_commit(name: str, suggestion: str) -> None:
    with console_world() as console:
        rollout = console.world.push(delivery("dev/eu-west-1"))
        console.report(rollout, "dev/eu-west-1", nginx(), name=name)
        console.store()
        found = page(console.client(), f"/search?q={name}")
        assert {f"/hosts/dev/eu-west-1/{name}", suggestion} <= {*found.links()}
        assert console.client().get(f"/search?q={name}2").status_code == 303


def test_a_search_for_a_word_shows_hosts_and_questions(client: TestClient) -> None:
    found = page(client, "/search?q=euc1")
    assert "/hosts/prod/eu-central-1/web-prod-euc1" in found.links()
    assert "/timeline?actor=euc1" in found.links()


@pytest.mark.parametrize("days", [0, 3])
def test_times_of_a_rollout_have_their_day_if_it_took_several(days: int) -> None:
    with console_world() as console:
        rollout = console.world.push(waved(("dev/eu-west-1",), ("prod/eu-west-1",)))
        console.report(rollout, "dev/eu-west-1", nginx())
        console.later(days=days, minutes=5)
        console.finish(rollout, "dev/eu-west-1")
        console.store()
        text = page(console.client(), f"/rollouts/{rollout}").text
        day = "2026-11-26 " if days else ""
        assert f"running {day}08:05:00" in text
        assert f"{day}08:05:00 wave 2 of 2 started" in text


def test_an_address_without_a_page_is_not_found(client: TestClient) -> None:
    assert "there is no such page" in page(client, "/nothing", 404).text


@pytest.mark.parametrize("path", ["/", "/timeline?diff=1", "/hosts", HOST, "/help", "/search?q=web"])
def test_a_page_has_landmarks_one_heading_and_labels(client: TestClient, path: str) -> None:
    found = page(client, path)
    tags = [tag for tag, _ in found.elements]
    assert [tags.count(each) for each in ("main", "h1", "title")] == [1, 1, 1]
    assert tags.count("header") >= 1
    labels = {attributes["for"] for tag, attributes in found.elements if tag == "label" and "for" in attributes}
    fields = [each for tag, each in found.elements if tag in ("input", "select") and each.get("type") != "hidden"]
    assert {each["id"] for each in fields if "id" in each} <= labels


def test_the_colours_are_those_of_reports(client: TestClient) -> None:
    answer = client.get("/static/theme.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.text == THEME.read_text()
