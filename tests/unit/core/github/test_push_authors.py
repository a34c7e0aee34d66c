"""Who wrote and committed what a push brought, from GitHub's payload."""

from typing import Any

import pytest

from pointsman.core.change import Change
from pointsman.core.github.push import read_push
from pointsman.core.routing.routing_input import RoutingInput
from tests.support.receiver import payload

GITHUB = {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"}
OMAR = {"name": "Omar Haddad", "email": "omar@acme.example", "username": "omar"}
NOBODY = {"name": "Mia Lindqvist", "email": "mia@home.example"}


def change_of(content: dict[str, Any]) -> Change:
    read = read_push(content)
    assert isinstance(read, RoutingInput)
    return read.change


def pushed(**head: Any) -> Change:
    """The change of a push by hana, whose newest commit has these fields."""
    content = payload("push_main")
    content["head_commit"] |= head
    return change_of(content)


def test_a_merge_is_by_who_merged_and_by_the_authors_of_what_it_brings() -> None:
    change = change_of(payload("push_merge"))
    assert (change.actor, change.authors, change.unknown_authors) == ("hana", ("hana", "omar"), ())


def test_who_committed_counts_but_github_itself_does_not() -> None:
    assert pushed(committer=OMAR).authors == ("hana", "omar")
    assert pushed(committer=GITHUB).authors == ("hana",)


@pytest.mark.parametrize("field", ["author", "committer"])
def test_an_address_without_an_account_is_somebody_unknown(field: str) -> None:
    assert pushed(**{field: NOBODY}).unknown_authors == ("Mia Lindqvist",)


def test_every_commit_of_the_push_counts() -> None:
    content = payload("push_main")
    content["commits"][0] |= {"author": OMAR, "committer": NOBODY}
    change = change_of(content)
    assert (change.authors, change.unknown_authors) == (("hana", "omar"), ("Mia Lindqvist",))


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Co-authored-by: Omar Haddad <omar@users.noreply.github.com>", ("hana", "omar")),
        ("co-authored-by: Omar <4711+omar@users.noreply.github.com>", ("hana", "omar")),
        ("Co-authored-by: Omar <omar@users.noreply.github.acme.example>", ("hana", "omar")),
        ("Co-authored-by: dependabot[bot] <1+dependabot[bot]@users.noreply.github.com>", ("hana", "dependabot[bot]")),
        ("Co-authored-by: Mia <mia@home.example>", ("hana",)),
        ("See Co-authored-by: Omar <omar@users.noreply.github.com>", ("hana",)),
    ],
)
def test_a_co_author_counts_if_the_address_is_one_of_github(line: str, authors: tuple[str, ...]) -> None:
    change = pushed(message=f"Raise the limit\n\n{line}")
    assert (change.authors, change.unknown_authors) == (authors, ())


def test_a_pusher_without_an_account_is_somebody_unknown() -> None:
    content = payload("push_main")
    del content["sender"]
    content["pusher"] = {"name": "deploy key"}
    assert change_of(content).unknown_authors == ("deploy key",)


def test_more_people_than_are_kept_are_somebody_unknown() -> None:
    content = payload("push_main")
    one = content["commits"][0]
    content["commits"] += [one | {"author": {"name": f"N{number}", "username": f"n{number}"}} for number in range(60)]
    content["commits"] += [one | {"author": {"name": f"U{number}"}} for number in range(15)]
    change = change_of(content)
    assert change.authors
    assert (len(change.authors), change.unknown_authors[-2:]) == (50, ("5 more", "11 other accounts"))


def test_a_list_of_commits_that_may_be_cut_off_is_not_trusted() -> None:
    content = payload("push_main")
    content["commits"] = content["commits"][:1] * 2048
    assert change_of(content).unknown_authors == ("the authors of more than 2,048 commits",)


def test_the_committer_is_recorded_even_if_it_is_github() -> None:
    change = pushed(committer=GITHUB)
    assert (change.committer, change.committer_login) == ("GitHub", "web-flow")
    assert (pushed(committer=NOBODY).committer, pushed(committer=NOBODY).committer_login) == ("Mia Lindqvist", None)
    assert pushed(committer=None).committer is None


def test_co_authors_are_recorded_by_login_or_else_by_name() -> None:
    lines = "Co-authored-by: Omar H <7+omar@users.noreply.github.com>\nCo-authored-by: Mia Lindqvist <mia@home.example>"
    assert pushed(message=f"Raise the limit\n\n{lines}\nCo-authored-by: <>").co_authors == ("omar", "Mia Lindqvist")


def test_more_co_authors_than_are_kept_are_counted() -> None:
    lines = "\n".join(f"Co-authored-by: N{number} <n{number}@home.example>" for number in range(60))
    assert pushed(message=lines).co_authors[-2:] == ("N49", "10 more")


@pytest.mark.parametrize(
    ("message", "committer", "number"),
    [
        ("Merge pull request #28 from acme/on-call\n\nName the rota", GITHUB, 28),
        ("Name the on-call rota (#28)", GITHUB, 28),
        ("Name the on-call rota (#28)\n\n* First", GITHUB, 28),
        ("Name the rota of (#28) again", GITHUB, None),
        ("Merge branch 'on-call'", GITHUB, None),
        ("Merge pull request #28 from acme/on-call", OMAR, None),  # made on a laptop: the actor only pushed it
    ],
)
def test_a_merge_by_githubs_button_names_its_pull_request(message: str, committer: Any, number: int | None) -> None:
    assert pushed(message=message, committer=committer).merges == number
