"""The message of a rollout: its text, Slack's rules, and that text from outside stays text."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.core.change import Change, PullRequest
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.slack.message import SlackBlock, SlackMessage, render
from pointsman.core.slack.rollout_view import Failure, HostsByStatus, RolloutView, TargetView
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
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
from tests.support.fold_rollout import fold
from tests.support.rollouts import change
from tests.support.slack_rules import violations


def message_of(*events: TrailEvent, **about: Any) -> str:
    """The message's texts, one per line."""
    view = fold([started_rollout(DEV, PROD, **about), *events])
    assert view
    message = render(view)
    assert violations(message) == []
    return "\n".join(texts(message))


def texts(message: SlackMessage) -> list[str]:
    lines = [message.text]
    for block in message.blocks:
        lines += [each["text"] for each in block.get("elements", [block.get("text")])]
    return lines


def many(count: int, state: RunState = RunState.SUCCEEDED, **about: Any) -> tuple[TargetView, ...]:
    return tuple(
        TargetView(f"dev/region-{number:04d}", state, log_url="https://console.aws.example/" + "l" * 150, **about)
        for number in range(count)
    )


def a_view(targets: tuple[TargetView, ...], state: RolloutState = RolloutState.OPEN) -> RolloutView:
    return RolloutView(ROLLOUT, "site", Mode.APPLY, change(), state, targets)


def test_it_names_the_route_the_state_the_change_and_its_people() -> None:
    text = message_of()
    assert "🔄 site: running" in text
    assert "Raise the file limit" in text
    assert f"<https://github.com/acme/infra/commit/{change().after}|1f0b1f2>" in text
    assert "`acme/infra` · `main` · pushed by `hana`, written by `Hana Ito`" in text
    assert f"`{ROLLOUT}`" in text


def test_a_pull_request_has_its_branches_and_is_marked_as_a_check() -> None:
    pull_request = change().replace(pull_request=PullRequest(number=7, base="main", head="feature/<x>"))
    text = message_of(mode=Mode.CHECK, change=pull_request)
    assert "running, check only" in text
    assert "`#7 feature/&lt;x&gt; → main` · requested by `hana`" in text


def test_the_title_is_plain_text() -> None:
    blocks = render(a_view(many(1))).blocks
    assert blocks[1]["text"] == {"type": "plain_text", "text": "Raise the file limit", "emoji": False}


def test_an_author_who_pushed_is_named_once() -> None:
    text = message_of(change=change().replace(author="hana"))
    assert "written by" not in text


def test_each_target_has_its_state_its_hosts_its_duration_and_its_log() -> None:
    text = message_of(waited(PROD), started_run(DEV), host(DEV), host(DEV, "web-2", status="ok"), ended_run(DEV, at=75))
    assert (
        f"✅ `{DEV}` succeeded in 1m 13s · 2 hosts: 1 changed, 1 unchanged"
        f" · <https://logs.example/{DEV}?a=1&amp;b=2|log>" in text
    )
    assert f"⏳ `{PROD}` waiting behind `r-other`" in text
    assert "2 targets: 1 waiting, 1 succeeded · 2 hosts: 1 changed, 1 unchanged" in text


def test_a_failure_names_the_host_the_task_and_its_message() -> None:
    failed = task(name="Check health", status="failed", message="Status was 503", path="roles/app/tasks/main.yml:40")
    text = message_of(
        started_run(DEV),
        host(DEV, status="failed", tasks=[failed]),
        host(DEV, "web-2", status="unreachable"),
        ended_run(DEV, "failed", reason="BUILD FAILED: exit status 2"),
        ended_run(PROD),
        ended_rollout("failed"),
    )
    assert "❌ site: failed" in text
    assert "↳ `web-1` failed at `Check health` in `roles/app/tasks/main.yml:40`: `Status was 503`" in text
    assert "↳ `web-2` unreachable" in text
    assert "exit status 2" not in text  # the hosts' failures say more


def test_a_build_that_failed_before_any_host_shows_its_reason() -> None:
    text = message_of(started_run(DEV), ended_run(DEV, "failed", reason="DOWNLOAD_SOURCE FAILED: no such commit"))
    assert "↳ `DOWNLOAD_SOURCE FAILED: no such commit`" in text


def test_a_target_that_succeeded_without_a_host_result_says_so() -> None:
    text = message_of(started_run(DEV), ended_run(DEV), started_run(PROD), host(PROD), ended_run(PROD))
    assert text.count("no host reported a result") == 1
    assert " · no host reported a result · <" in text
    assert "no host reported" not in message_of(started_run(DEV), ended_run(DEV, "failed", reason="x"))


def test_a_refused_target_shows_its_reason() -> None:
    text = message_of(ended_run(DEV, "refused", reason="StartBuild in dev was refused: AccessDenied", built=False))
    assert f"⛔ `{DEV}` refused\n" in text
    assert "↳ `StartBuild in dev was refused: AccessDenied`" in text


def test_only_the_first_failures_of_a_target_are_listed() -> None:
    tasks = [task(name=f"task {number}", status="failed") for number in range(9)]
    text = message_of(started_run(DEV), host(DEV, status="failed", tasks=tasks))
    assert "`task 2`" in text
    assert "`task 3`" not in text
    assert "↳ and 6 more failures" in text


def test_a_later_attempt_is_numbered() -> None:
    assert "attempt 2" in message_of(repeated(90, DEV), started_run(DEV, attempt=2))


def test_a_repeated_request_shows_why_nothing_ran_twice() -> None:
    assert "🔁 requested again: `it ran already: nothing runs twice`" in message_of(repeated(80))


def test_a_check_says_what_would_change() -> None:
    text = message_of(started_run(DEV), host(DEV, mode="check"), mode=Mode.CHECK)
    assert "✅" not in text
    assert "🔄 site: running, check only" in text
    assert "1 host: 1 would change" in text


def test_the_fallback_text_is_a_summary_in_one_line() -> None:
    view = fold([started_rollout(DEV, PROD), ended_run(DEV, "failed"), ended_run(PROD), ended_rollout("failed")])
    assert view
    assert render(view).text == "❌ site: failed · acme/infra 1f0b1f2 by hana · 1 failed, 1 succeeded"


def test_ten_targets_are_all_listed_in_order() -> None:
    view = a_view(many(10))
    message = render(view)
    assert violations(message) == []
    text = "\n".join(texts(message))
    positions = [text.index(f"`{target.name}`") for target in view.targets]
    assert positions == sorted(positions)
    assert "more target" not in text


@pytest.mark.parametrize("count", [200, 1_000])
def test_of_many_targets_failed_ones_come_first_then_running_ones_then_counts(count: int) -> None:
    failed = TargetView(PROD, RunState.FAILED, failures=(Failure("web-1", "failed", "Check health", None, "503"),))
    running = TargetView(DEV, RunState.RUNNING)
    message = render(a_view((*many(count - 2), running, failed)))
    assert violations(message) == []
    text = "\n".join(texts(message))
    assert text.index(f"❌ `{PROD}`") < text.index(f"🔄 `{DEV}`") < text.index("✅ `dev/region-0000`")
    listed = text.count("✅ `")
    assert f"… and {count - 2 - listed:,} more targets: {count - 2 - listed} succeeded" in text
    assert f"{count:,} targets: 1 failed, 1 running, {count - 2} succeeded" in text
    assert listed > 20


def test_a_thousand_failures_follow_the_rules() -> None:
    failure = Failure("h" * 300, "failed", "t" * 300, "p" * 300, "&" * 5_000)
    message = render(a_view(many(1_000, RunState.FAILED, failures=(failure,) * 50)))
    assert violations(message) == []
    assert "more targets" in "\n".join(texts(message))


def test_different_views_have_different_digests() -> None:
    one, other = a_view(many(3)), a_view(many(3, RunState.RUNNING))
    assert render(one).digest == render(one).digest
    assert render(one).digest != render(other).digest


def test_the_message_is_json() -> None:
    assert json.loads(json.dumps(render(a_view(many(2))).blocks))


# Text from outside: any text, and attacks.
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
hosts = st.builds(HostsByStatus, *[st.integers(0, 9_999)] * 4)
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
    lambda **about: change().replace(**about),
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
def test_with_any_text_from_outside_the_message_follows_slacks_rules(view: RolloutView) -> None:
    assert violations(render(view)) == []


@pytest.mark.parametrize("field", ["title", "author", "ref", "actor", "repository"])
def test_a_mention_in_a_change_mentions_nobody(field: str) -> None:
    hostile: Change = change().replace(**{field: "<!channel> `*now*` <https://evil.example|log>"})
    message = render(replace(a_view(many(1)), change=hostile))
    assert violations(message) == []
    assert "<!channel>" not in json.dumps(message.blocks, ensure_ascii=False)
    assert "<https://evil" not in json.dumps(message.blocks, ensure_ascii=False)


def test_the_rules_find_their_violations() -> None:
    hostile: list[SlackBlock] = [
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
        assert violations(SlackMessage("text", (block,))), block
    line: SlackBlock = {"type": "section", "text": {"type": "plain_text", "text": "x", "emoji": False}}
    assert violations(SlackMessage("text", (line,) * 51))
