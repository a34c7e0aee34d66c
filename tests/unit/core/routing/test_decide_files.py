"""How changed files decide, also if the list of them is incomplete."""

import pytest

from pointsman.core.decision import Outcome
from pointsman.core.routing.decide import decide
from tests.support.receiver import routes_with
from tests.unit.core.routing.test_decide import parts_of, pushed, read, the_decision


def test_one_file_that_matches_is_enough_and_is_named() -> None:
    decision = the_decision(pushed("README.md", "ansible/a.md", "ansible/b.yml"), paths=["ansible/**", "!**.md"])
    assert parts_of(decision)[2:] == ("ansible/**", "ansible/b.yml")
    assert decision.runs


def test_many_files_are_told_by_their_first_names_and_their_number() -> None:
    decision = the_decision(pushed(*(f"docs/{number}.md" for number in range(500))), paths=["ansible/**"])
    assert decision.reason.endswith("the 500 files are docs/0.md, docs/1.md, docs/2.md and 497 more")
    assert (decision.pattern, decision.file) == (None, None)


def test_paths_ignore_needs_every_file_to_be_ignored() -> None:
    condition = {"paths-ignore": ["docs/**", "**.md"]}
    assert parts_of(the_decision(pushed("docs/a", "b.md"), **condition)) == (
        Outcome.IGNORED,
        (
            "branch main: the route accepts every branch and tag; every changed file matches paths-ignore: the 2 files "
            "are docs/a, b.md (docs/a is ignored by paths-ignore[0] `docs/**`)"
        ),
        "docs/**",
        "docs/a",
    )
    assert parts_of(the_decision(pushed("docs/a", "ansible/b"), **condition)) == (
        Outcome.MATCHED,
        "branch main: the route accepts every branch and tag; ansible/b matches none of paths-ignore",
        None,
        "ansible/b",
    )


def test_what_an_ignore_list_takes_back_lets_the_route_run_and_is_told() -> None:
    condition = {"paths-ignore": ["docs/**", "!docs/site.yml"]}
    assert the_decision(pushed("docs/a"), **condition).outcome is Outcome.IGNORED
    assert parts_of(the_decision(pushed("docs/a", "docs/site.yml"), **condition)) == (
        Outcome.MATCHED,
        (
            "branch main: the route accepts every branch and tag; docs/site.yml is re-included by paths-ignore[1] "
            "`!docs/site.yml`"
        ),
        "!docs/site.yml",
        "docs/site.yml",
    )
    refs = the_decision(pushed("a"), **{"branches-ignore": ["m*", "!main"]})
    assert (refs.outcome, refs.pattern) == (Outcome.MATCHED, "!main")
    assert refs.reason == "branch main is re-included by branches-ignore[1] `!main`"


def test_without_paths_the_files_do_not_matter() -> None:
    for name in ("push_empty_commit", "push_forced", "push_merge"):
        assert the_decision(read(name)).outcome is Outcome.MATCHED


# --- an incomplete list of files (law 6) ----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["run", "ignore", "hold"])
def test_what_nobody_can_tell_is_undetermined_and_the_routes_policy_is_told(policy: str) -> None:
    routes = routes_with({"on": {"push": {"paths": ["roles/**"]}}, "when_undetermined": policy})
    routing = decide(read("push_forced"), routes)
    [decision] = routing.decisions
    assert decision.outcome is Outcome.UNDETERMINED
    assert decision.reason.endswith(f"(when_undetermined: {policy})")
    assert decision.runs == bool(routing.specs) == bool(decision.rollout) == bool(decision.targets) == (policy == "run")


def test_undetermined_is_the_default_to_run() -> None:
    assert the_decision(read("push_forced"), paths=["x"]).runs


def test_a_file_that_a_new_branch_touched_may_be_as_it_is_on_the_default_branch() -> None:
    decision = the_decision(read("push_new_branch"), paths=["roles/**"])
    assert (decision.outcome, decision.file) == (Outcome.UNDETERMINED, "roles/time/tasks/main.yml")
    assert decision.reason.startswith(
        "branch feature/time-sync: the route accepts every branch and tag; roles/time/tasks/main.yml matches "
        "paths[0] `roles/**`, but the list of changed files is incomplete (the branch is new, and "
    )
    assert the_decision(read("push_new_branch"), **{"paths-ignore": ["docs/**"]}).outcome is Outcome.UNDETERMINED


def test_what_githubs_own_merge_lists_has_changed() -> None:
    decision = the_decision(read("push_merge"), paths=["docs/**"])
    assert (decision.outcome, decision.file) == (Outcome.MATCHED, "docs/on-call.md")


def test_an_incomplete_list_without_a_matching_file_tells_both() -> None:
    assert parts_of(the_decision(read("push_merge"), paths=["roles/**"])) == (
        Outcome.UNDETERMINED,
        (
            "branch main: the route accepts every branch and tag; no listed file matches paths: the only file is "
            "docs/on-call.md, and the list of changed files is incomplete (commit 4a652bc was made by GitHub and "
            "may be a merge, whose file list can be incomplete), so it runs (when_undetermined: run)"
        ),
        None,
        None,
    )
    ignoring = the_decision(read("push_merge"), **{"paths-ignore": ["docs/**"]})
    assert ignoring.outcome is Outcome.UNDETERMINED
    assert "every listed file matches paths-ignore: the only file is docs/on-call.md" in ignoring.reason


def test_a_branch_that_is_not_meant_is_ignored_however_little_is_known_of_the_files() -> None:
    assert the_decision(read("push_forced"), branches=["other"], paths=["x"]).outcome is Outcome.IGNORED
