"""A push payload is read as what it is: the ref, the commit, the people, and how much is known of the files."""

import json
from typing import Any

import pytest

from pointsman.core.github.push import read_push
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsman.errors import Rejected
from tests.support.receiver import payload


def read(content: dict[str, Any]) -> RoutingInput:
    push = read_push(content)
    assert isinstance(push, RoutingInput)
    return push


def test_a_push_tells_its_change() -> None:
    change = read(payload("push_main")).change
    ignored = {"url", "compare_url", "before", "after"}
    assert {name: value for name, value in change.to_dict().items() if name not in ignored} == {
        "repository": "acme/infra",
        "repository_id": 186853002,
        "ref": "refs/heads/main",
        "created": False,
        "forced": False,
        "actor": "hana",
        "actor_id": payload("push_main")["sender"]["id"],
        "author": "Hana Ito",
        "author_login": payload("push_main")["head_commit"]["author"]["username"],
        "committer": "Hana Ito",
        "committer_login": "hana",
        "co_authors": [],
        "authors": ["hana"],
        "unknown_authors": [],
        "earlier_actors": [],
        "title": "Tell in the changelog",
        "files": [
            "roles/baseline/defaults/main.yml",
            "roles/baseline/tasks/sysctl.yml",
            "docs/changes/2026-11-23.md",
            "README.md",
        ],
        "files_total": 4,
    }
    assert change.after == payload("push_main")["after"]
    assert change.url == f"https://github.com/acme/infra/commit/{change.after}"
    assert change.compare_url == payload("push_main")["compare"]


@pytest.mark.parametrize(
    ("name", "kind", "ref_name", "gap"),
    [
        ("push_main", "branch", "main", None),
        ("push_docs_only", "branch", "main", None),
        ("push_empty_commit", "branch", "main", None),
        ("push_unusual_names", "branch", "main", None),
        ("push_new_branch", "branch", "feature/time-sync", "the branch is new"),
        ("push_new_branch_without_commits", "branch", "release/2026-11", "the branch is new"),
        ("push_forced", "branch", "main", "after a force push"),
        ("push_merge", "branch", "main", "may be a merge"),
        ("push_tag", "tag", "v1.4.0", None),
        ("push_annotated_tag", "tag", "v1.5.0", None),
    ],
)
def test_each_kind_of_push_says_what_it_moved_and_whether_its_files_are_all(
    name: str, kind: str, ref_name: str, gap: str | None
) -> None:
    push = read(payload(name))
    assert (push.kind, push.name) == (kind, ref_name)
    assert (gap or "") in (push.files.gap or "")
    assert (push.files.gap is None) == (gap is None)
    assert (push.change.files_total is None) == (gap is not None)


def test_unusual_names_stay_as_they_are() -> None:
    push = read(payload("push_unusual_names"))
    assert "files/two\nlines.txt" in push.files.names
    assert 'files/"quoted".txt' in push.files.names
    assert push.change.title == 'Ünïcode, "quotes" & <!channel>'


def test_an_annotated_tag_stands_for_its_commit() -> None:
    content = payload("push_annotated_tag")
    change = read(content).change
    assert change.after == content["head_commit"]["id"] != content["after"]
    assert change.files == ("roles/baseline/defaults/main.yml",)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("push_deleted_branch", {}, "refs/heads/feature/time-sync was deleted: nothing to run"),
        ("push_published_example", {}, "refs/tags/simple-tag was deleted: nothing to run"),
        ("push_tag", {"head_commit": None}, "refs/tags/v1.4.0 does not point to a commit: nothing to run"),
        ("push_main", {"ref": "refs/notes/commits"}, "refs/notes/commits is neither a branch nor a tag"),
        ("push_main", {"ref": "refs/heads/"}, "refs/heads/ is neither a branch nor a tag"),
        ("push_main", {"ref": "refs/heads"}, "refs/heads is neither a branch nor a tag"),
        ("push_main", {"after": "0" * 40}, "refs/heads/main was deleted: nothing to run"),
    ],
)
def test_a_push_that_leads_nowhere_says_why(name: str, changes: dict[str, Any], reason: str) -> None:
    push = read_push(payload(name) | changes)
    assert isinstance(push, NothingToRun)
    assert push.reason == reason


def gap_or_none(content: dict[str, Any]) -> str | None:
    return read(content).files.gap


def gap_of(content: dict[str, Any]) -> str:
    gap = read(content).files.gap
    assert gap
    return gap


def test_what_github_cuts_off_makes_the_list_incomplete() -> None:
    content = payload("push_main")
    newest = content["commits"][-1] | {"added": [], "removed": [], "modified": ["ansible/site.yml"]}

    assert "2,048 commits" in gap_of(content | {"commits": [newest] * 2048})
    assert gap_or_none(content | {"commits": [newest] * 2047}) is None
    assert "lists no commit" in gap_of(content | {"commits": []})
    assert "newest commit" in gap_of(content | {"commits": content["commits"][:1]})

    names = [f"docs/{number}.md" for number in range(3000)]
    assert "3,000 files" in gap_of(content | {"commits": [newest | {"added": names[:1000], "modified": names[1000:]}]})
    assert read(content | {"commits": [newest | {"added": names[:2998]}]}).change.files_total == 2999
    without = {key: value for key, value in newest.items() if key != "removed"}
    assert "lists no files for commit" in gap_of(content | {"commits": [without]})


def test_a_branch_that_is_made_anew_is_new_although_created_is_not_set() -> None:
    assert "the branch is new" in gap_of(payload("push_main") | {"before": "0" * 40})


@pytest.mark.parametrize(
    ("message", "merge"),
    [
        ("Merge branch 'main' into feature/x", True),
        ("Merge remote-tracking branch 'origin/main'", True),
        ("Merge pull request #2 from a/b", True),
        ("Merge the two configuration files", False),
        ("Merger of names", False),
    ],
)
def test_a_merge_is_known_by_gits_own_words(message: str, merge: bool) -> None:
    content = payload("push_main")
    content["commits"][0]["message"] = message
    assert (read(content).files.gap is not None) == merge


def test_a_removed_file_counts_and_one_that_came_and_went_does_not() -> None:
    content = payload("push_main")
    content["commits"][0] |= {"modified": ["a", "b"], "removed": ["c"], "added": ["d"]}
    content["commits"][1] |= {"modified": ["b"], "removed": ["d"], "added": []}
    files = read(content).files
    assert (set(files.names), files.uncertain) == ({"a", "c"}, ("b",))
    assert set(read(content).change.files) == {"a", "b", "c"}


def test_a_change_keeps_the_first_names_and_counts_them_all() -> None:
    content = payload("push_main")
    content["commits"][0]["added"] = [f"ansible/{number:04}" for number in range(250)]
    push = read(content)
    assert len(push.change.files) == 100
    assert push.change.files_total == len(push.files.names) == 254
    content["commits"][0]["added"] = ["x" * 15_000, "y" * 15_000, "z"]
    assert [len(name) for name in read(content).change.files] == [15_000]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"after": None}, "invalid: after (expected `str`, got `null`)"),
        ({"before": "<script>"}, "invalid: before (expected `str` matching regex "),
        ({"commits": [{}] * 1000}, "missing: commits[0].id"),
        ({"commits": {}}, "invalid: commits (expected `array`, got `object`)"),
        ({"repository": {"id": 7}}, "missing: repository.full_name"),
        (
            {"repository": {"id": True, "full_name": "acme/infra"}},
            "invalid: repository.id (expected `int`, got `bool`)",
        ),
        ({"forced": 0}, "invalid: forced (expected `bool`, got `int`)"),
    ],
)
def test_the_first_wrong_field_is_named_and_no_value_is_repeated(changes: dict[str, Any], reason: str) -> None:
    content = payload("push_main") | changes
    for given in (content, json.dumps(content).encode()):
        with pytest.raises(Rejected) as rejected:
            read_push(given)
        assert rejected.value.status == 400
        assert rejected.value.reason.startswith(reason)
        assert "script" not in rejected.value.reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ref": "main"}, "ref"),
        ({"ref": "refs/heads/a\nb"}, "ref"),
        ({"ref": "refs/heads/" + "x" * 1000}, "ref"),
        ({"after": "HEAD"}, "after"),
        ({"after": "A" * 40}, "after"),
        ({"deleted": "no"}, "deleted"),
        ({"forced": 1}, "forced"),
        ({"commits": {}}, "commits"),
        ({"repository": []}, "repository"),
        ({"repository": {"id": "7", "full_name": "a/b"}}, "repository.id"),
        ({"repository": {"id": 2**63, "full_name": "a/b"}}, "repository.id"),
        ({"repository": {"id": 7, "full_name": "../../etc"}}, "repository.full_name"),
        ({"head_commit": 1}, "head_commit"),
        ({"head_commit": {}}, "head_commit.id"),
    ],
)
def test_an_odd_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected, match=rf"(invalid|missing): {field}\b"):
        read_push(payload("push_main") | changes)


def test_text_from_outside_is_one_line_whole_and_short() -> None:
    content = payload("push_main")
    content["head_commit"] |= {
        "message": "\n  A title \x00\x1b[31m\u202e\ud800 " + "x" * 500 + "\nbody",
        "author": {"name": "two\nlines" + "y" * 300},
    }
    content["sender"]["login"] = "eve\ud83d"
    change = read(content).change
    assert change.title.startswith("A title \\x00\\x1b[31m\\u202e\ufffd xxx")
    assert len(change.title) == 200
    assert change.author.startswith("two\\x0alinesyyy")
    assert len(change.author) == 100
    assert change.actor == "eve\ufffd"
    assert change.to_json()


@pytest.mark.parametrize(
    ("said", "known"),
    [(1_795_435_200, "2026-11-23T12:00:00"), ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00"), (True, ""), (-1, "")],
)
def test_when_it_was_pushed_is_known_where_github_tells_it(said: object, known: str) -> None:
    content = payload("push_main")
    content["repository"]["pushed_at"] = said
    moment = read(content).pushed_at
    assert (moment.isoformat()[:19] if moment else "") == known


def test_a_message_without_text_is_an_empty_title() -> None:
    content = payload("push_main")
    content["head_commit"]["message"] = "\n \n"
    assert read(content).change.title == ""


def test_without_a_sender_the_pusher_is_the_actor() -> None:
    content = payload("push_main")
    del content["sender"]
    assert read(content).change.actor == "hana"


def test_a_link_cannot_end_the_markup_around_it() -> None:
    content = payload("push_main")
    content["compare"] = "https://github.com/acme/infra/compare/a|b...<!channel>"
    assert read(content).change.compare_url == "https://github.com/acme/infra/compare/a%7Cb...%3C!channel%3E"
