"""What a commit says is recorded and shown without secrets, and decided on as it is."""

from typing import Any

import pytest

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.delivery import Delivery
from pointsman.core.github.redact_delivery import without_secrets
from pointsman.core.github.request import read_request
from tests.support.receiver import a_receiver, as_body, http_event, payload, shipped_routes, signed_headers

TOKEN = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


def delivered(content: dict[str, Any], event: str = "push") -> Delivery:
    queue = MemoryQueue()
    body = as_body(content)
    answer = a_receiver(queue, shipped_routes()).receive(
        read_request(http_event(body, signed_headers(body, event=event)))
    )
    assert answer.status == 202, answer.reason
    assert TOKEN not in str(answer.body)
    [delivery] = queue.deliveries
    return delivery


def push(**head: Any) -> dict[str, Any]:
    content = payload("push_main")
    content["head_commit"] |= head
    content["commits"][-1] |= head
    return content


@pytest.mark.parametrize(
    "head",
    [
        {"message": f"Use {TOKEN} for now"},
        {"message": f"db_password={TOKEN}"},
        {"author": {"name": f"Hana {TOKEN}", "email": "h@example.com", "username": "hana"}},
        {"committer": {"name": f"Hana {TOKEN}", "email": "h@example.com"}},
        {"message": f"Use it\n\nCo-authored-by: {TOKEN} <x@example.com>"},
    ],
)
def test_a_secret_in_a_title_or_an_author_goes_no_further(head: dict[str, Any]) -> None:
    assert TOKEN not in delivered(push(**head)).to_json()


def test_a_secret_in_a_file_name_or_a_branch_goes_no_further() -> None:
    content = push()
    for commit in (content["head_commit"], content["commits"][-1]):
        commit["added"] = [*commit["added"], f"ansible/{TOKEN}.yml"]
    content["ref"] = f"refs/heads/try/{TOKEN}"
    assert TOKEN not in delivered(content).to_json()


def test_a_file_is_matched_by_its_name_and_recorded_without_the_secret_in_it() -> None:
    content = push()
    for commit in (content["head_commit"], *content["commits"]):
        commit |= {"added": [f"ansible/{TOKEN}.yml"], "modified": [], "removed": []}
    [decision] = [each for each in delivered(content).decisions if each.runs]
    assert decision.file == "ansible/[redacted].yml"


@pytest.mark.parametrize(
    "title", ["Install some basic dependencies", "Rotate the API token", "Reset the password page"]
)
def test_a_title_about_secrets_stays_as_it_is(title: str) -> None:
    assert delivered(push(message=title)).change.title == title


def test_what_one_text_tells_to_be_a_secret_is_hidden_in_all() -> None:
    content = push(message="Set db_password=Zq4tn7Lm2xKd9Wp")
    content["commits"][-1]["added"] = ["notes/Zq4tn7Lm2xKd9Wp.md"]
    assert "Zq4tn7Lm2xKd9Wp" not in delivered(content).to_json()


def test_no_commit_can_hide_the_login_of_its_author() -> None:
    """It says who may not approve: a title that calls it a secret must not remove it."""
    content = push(message="Set db_password=Mia4Lindqvist7Xz", author={"name": "Mia", "username": "Mia4Lindqvist7Xz"})
    change = delivered(content).change
    assert (change.title, change.author_login) == ("Set db_password=[redacted]", "Mia4Lindqvist7Xz")


def test_texts_without_a_secret_are_the_same_objects() -> None:
    delivery = delivered(push(message="Rotate the password of the database"))
    assert without_secrets(delivery) is delivery


def test_a_title_is_not_read_as_the_setting_of_the_author() -> None:
    """They are fields of their own: what ends the one does not begin the other."""
    content = push(
        message="Rename password:", author={"name": "Mia4Lindqvist", "email": "m@example.com", "username": "m"}
    )
    assert delivered(content).change.author == "Mia4Lindqvist"


def test_files_whose_paths_only_look_like_a_key_stay() -> None:
    files = [
        "services/payment/deploy/eu1/containers/app/Dockerfile",
        "services/payment/deploy/eu2/containers/app/Dockerfile",
        "web/dist/styles.9c1185a5c5e9fc54.css",
    ]
    content = push()
    for commit in (content["head_commit"], *content["commits"]):
        commit |= {"added": files, "modified": [], "removed": []}
    assert sorted(delivered(content).change.files) == files
