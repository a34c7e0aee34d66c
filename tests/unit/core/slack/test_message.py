"""The message of a rollout: what it says, that it keeps Slack's rules, and that text from outside stays text."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.core.model import Change, Mode, PullRequest, RolloutState, RunState
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.message import Block, Message, render
from pointsman.core.slack.rollout_view import Failure, Hosts, RolloutView, TargetView
from pointsman.core.trail.events import TrailEvent
from tests.support.rollouts import change
from tests.support.slack_rules import faults
from tests.support.told import (
    DEV,
    PROD,
    ROLLOUT,
    ended_rollout,
    ended_run,
    host,
    repeated,
    started_rollout,
    started_run,
    task,
    waited,
)


def shown(*events: TrailEvent, **about: Any) -> str:
    """All that the message says, one line for each text."""
    view = fold([started_rollout(DEV, PROD, **about), *events])
    assert view
    message = render(view)
    assert faults(message) == []
    return "\n".join(texts(message))


def texts(message: Message) -> list[str]:
    found = [message.text]
    for block in message.blocks:
        found += [each["text"] for each in block.get("elements", [block.get("text")])]
    return found


def many(count: int, state: RunState = RunState.SUCCEEDED, **about: Any) -> tuple[TargetView, ...]:
    return tuple(
        TargetView(f"dev/region-{number:04d}", state, log_url="https://console.aws.example/" + "l" * 150, **about)
        for number in range(count)
    )


def a_view(targets: tuple[TargetView, ...], state: RolloutState = RolloutState.OPEN) -> RolloutView:
    return RolloutView(ROLLOUT, "site", Mode.APPLY, change(), state, targets)


def test_it_tells_the_route_the_state_the_change_and_its_people() -> None:
    said = shown()
    assert "🔄 site: running" in said
    assert "Raise the file limit" in said
    assert f"<https://github.com/acme/infra/commit/{change().after}|1f0b1f2>" in said
    assert "`acme/infra` · `main` · pushed by `hana`, written by `Hana Ito`" in said
    assert f"`{ROLLOUT}`" in said


def test_a_pull_request_tells_where_it_comes_from_and_that_it_is_only_checked() -> None:
    asked = change().model_copy(update={"pull_request": PullRequest(number=7, base="main", head="feature/<x>")})
    said = shown(mode=Mode.CHECK, change=asked)
    assert "running, check only" in said
    assert "`#7 feature/&lt;x&gt; → main` · asked for by `hana`" in said


def test_the_title_stands_where_nothing_is_formatted() -> None:
    blocks = render(a_view(many(1))).blocks
    assert blocks[1]["text"] == {"type": "plain_text", "text": "Raise the file limit", "emoji": False}


def test_who_wrote_what_he_pushed_is_named_once() -> None:
    said = shown(change=change().model_copy(update={"author": "hana"}))
    assert "written by" not in said


def test_each_target_tells_its_state_its_hosts_its_time_and_its_log() -> None:
    said = shown(waited(PROD), started_run(DEV), host(DEV), host(DEV, "web-2", status="ok"), ended_run(DEV, at=75))
    assert (
        f"✅ `{DEV}` succeeded in 1m 13s · 2 hosts: 1 changed, 1 unchanged"
        f" · <https://logs.example/{DEV}?a=1&amp;b=2|log>" in said
    )
    assert f"⏳ `{PROD}` waiting behind `r-other`" in said
    assert "2 targets: 1 waiting, 1 succeeded · 2 hosts: 1 changed, 1 unchanged" in said


def test_a_failure_names_the_host_the_task_and_what_it_said() -> None:
    failed = task(name="Check health", status="failed", message="Status was 503", path="roles/app/tasks/main.yml:40")
    said = shown(
        started_run(DEV),
        host(DEV, status="failed", tasks=[failed]),
        host(DEV, "web-2", status="unreachable"),
        ended_run(DEV, "failed", reason="BUILD FAILED: exit status 2"),
        ended_run(PROD),
        ended_rollout("failed"),
    )
    assert "❌ site: failed" in said
    assert "↳ `web-1` failed at `Check health` in `roles/app/tasks/main.yml:40`: `Status was 503`" in said
    assert "↳ `web-2` unreachable" in said
    assert "exit status 2" not in said  # the hosts say it better


def test_a_build_that_failed_before_any_host_tells_its_reason() -> None:
    said = shown(started_run(DEV), ended_run(DEV, "failed", reason="DOWNLOAD_SOURCE FAILED: no such commit"))
    assert "↳ `DOWNLOAD_SOURCE FAILED: no such commit`" in said


def test_a_target_that_succeeded_without_a_word_of_any_host_says_so() -> None:
    said = shown(started_run(DEV), ended_run(DEV), started_run(PROD), host(PROD), ended_run(PROD))
    assert said.count("no host reported a result") == 1
    assert " · no host reported a result · <" in said
    assert "no host reported" not in shown(started_run(DEV), ended_run(DEV, "failed", reason="x"))


def test_a_refused_target_tells_who_refused() -> None:
    said = shown(ended_run(DEV, "refused", reason="StartBuild in dev was refused: AccessDenied", built=False))
    assert f"⛔ `{DEV}` refused\n" in said
    assert "↳ `StartBuild in dev was refused: AccessDenied`" in said


def test_only_the_first_failures_of_a_target_are_listed() -> None:
    tasks = [task(name=f"task {number}", status="failed") for number in range(9)]
    said = shown(started_run(DEV), host(DEV, status="failed", tasks=tasks))
    assert "`task 2`" in said
    assert "`task 3`" not in said
    assert "↳ and 6 more failures" in said


def test_a_later_attempt_is_numbered() -> None:
    assert "attempt 2" in shown(repeated(90, DEV), started_run(DEV, attempt=2))


def test_what_was_asked_for_again_tells_why_nothing_ran_twice() -> None:
    assert "🔁 asked for again: `it ran already: nothing runs twice`" in shown(repeated(80))


def test_a_check_changes_nothing_and_says_what_it_would() -> None:
    said = shown(started_run(DEV), host(DEV, mode="check"), mode="check")
    assert "✅" not in said
    assert "🔄 site: running, check only" in said
    assert "1 host: 1 would change" in said


def test_the_fallback_text_tells_the_whole_in_one_line() -> None:
    view = fold([started_rollout(DEV, PROD), ended_run(DEV, "failed"), ended_run(PROD), ended_rollout("failed")])
    assert view
    assert render(view).text == "❌ site: failed · acme/infra 1f0b1f2 by hana · 1 failed, 1 succeeded"


def test_ten_targets_are_all_shown_in_their_order() -> None:
    view = a_view(many(10))
    message = render(view)
    assert faults(message) == []
    said = "\n".join(texts(message))
    places = [said.index(f"`{target.name}`") for target in view.targets]
    assert places == sorted(places)
    assert "more target" not in said


@pytest.mark.parametrize("count", [200, 1_000])
def test_of_many_targets_the_failed_come_first_then_those_that_run_then_counts(count: int) -> None:
    failed = TargetView(PROD, RunState.FAILED, failures=(Failure("web-1", "failed", "Check health", None, "503"),))
    running = TargetView(DEV, RunState.RUNNING)
    message = render(a_view((*many(count - 2), running, failed)))
    assert faults(message) == []
    said = "\n".join(texts(message))
    assert said.index(f"❌ `{PROD}`") < said.index(f"🔄 `{DEV}`") < said.index("✅ `dev/region-0000`")
    listed = said.count("✅ `")
    assert f"… and {count - 2 - listed:,} more targets: {count - 2 - listed} succeeded" in said
    assert f"{count:,} targets: 1 failed, 1 running, {count - 2} succeeded" in said
    assert listed > 20


def test_a_thousand_failures_keep_the_rules() -> None:
    failure = Failure("h" * 300, "failed", "t" * 300, "p" * 300, "&" * 5_000)
    message = render(a_view(many(1_000, RunState.FAILED, failures=(failure,) * 50)))
    assert faults(message) == []
    assert "more targets" in "\n".join(texts(message))


def test_the_same_view_gives_the_same_digest_and_another_view_another() -> None:
    one, other = a_view(many(3)), a_view(many(3, RunState.RUNNING))
    assert render(one).digest == render(one).digest
    assert render(one).digest != render(other).digest


def test_the_message_is_json() -> None:
    assert json.loads(json.dumps(render(a_view(many(2))).blocks))


# Text from outside: anything, and what an attacker would write.
attacks = st.sampled_from(
    [
        "<!channel>",
        "<!here|all is well>",
        "<@U012AB3CD>",
        "<https://evil.example|log>",
        "https://evil.example",
        "@channel #general",
        "`code` *bold* _it_ ~no~",
        "``` fence ```",
        ":white_check_mark: succeeded",
        "> quoted\n✅ `prod/eu-west-1` succeeded",
        "a|b",
        "&amp;lt;",
        "\u202egnp.exe",
        "\x00\x1b[31m",
        "𝒳" * 400,
        "&" * 4_000,
        "",
    ]
)
outside = attacks | st.text(st.characters(exclude_categories=()), max_size=60) | st.text("`<>&|*_~:@#\n\\", max_size=60)
urls = (
    outside
    | st.just("https://logs.example/a?b=1&c=2")
    | st.just("javascript:alert(1)")
    | outside.map("https://x/{}".format)
)
hosts = st.builds(Hosts, *[st.integers(0, 9_999)] * 4)
failures = st.builds(
    Failure,
    outside,
    st.sampled_from(["failed", "unreachable"]),
    st.none() | outside,
    st.none() | outside,
    st.none() | outside,
)
targets = st.builds(
    TargetView,
    outside,
    st.sampled_from(RunState),
    st.integers(1, 99),
    st.none() | outside,
    outside,
    st.none() | urls,
    st.none() | st.floats(0, 1e7),
    hosts,
    st.lists(failures, max_size=5).map(tuple),
)
changes = st.builds(
    lambda **about: change().model_copy(update=about),
    repository=outside,
    ref=outside,
    after=outside,
    actor=outside,
    author=outside,
    title=outside,
    url=urls,
)


@st.composite
def views(draw: st.DrawFn) -> RolloutView:
    few = draw(st.lists(targets, max_size=4))
    count = draw(st.sampled_from([1, 1, 2, 50, 250]))
    return RolloutView(
        draw(outside),
        draw(outside),
        draw(st.sampled_from(Mode)),
        draw(changes),
        draw(st.sampled_from(RolloutState)),
        tuple(few * count),
        draw(st.none() | st.floats(0, 1e7)),
        draw(st.none() | outside),
    )


@given(views())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_comes_from_outside_the_message_keeps_slacks_rules_and_its_own_words(view: RolloutView) -> None:
    assert faults(render(view)) == []


@pytest.mark.parametrize("field", ["title", "author", "ref", "actor", "repository"])
def test_a_mention_in_a_change_mentions_nobody(field: str) -> None:
    hostile: Change = change().model_copy(update={field: "<!channel> `*now*` <https://evil.example|log>"})
    message = render(replace(a_view(many(1)), change=hostile))
    assert faults(message) == []
    assert "<!channel>" not in json.dumps(message.blocks, ensure_ascii=False)
    assert "<https://evil" not in json.dumps(message.blocks, ensure_ascii=False)


def test_the_rules_themselves_catch_what_they_are_for() -> None:
    hostile: list[Block] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>", "verbatim": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*bold*", "verbatim": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "`a` open `", "verbatim": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": ":ok:", "verbatim": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "x" * 3_001, "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "", "emoji": False}},
        {"type": "header", "text": {"type": "plain_text", "text": "<!here>", "emoji": False}},
        {"type": "image", "image_url": "https://x"},
    ]
    for block in hostile:
        assert faults(Message("text", (block,))), block
    line: Block = {"type": "section", "text": {"type": "plain_text", "text": "x", "emoji": False}}
    assert faults(Message("text", (line,) * 51))
