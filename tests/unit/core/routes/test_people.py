"""Who is who: IAM principals, logins of GitHub, teams."""

from typing import Any

import pytest

from tests.unit.core.routes.plan_files import SESSION, USER, compiled, errors, warnings

ROLE = "arn:aws:iam::111111111111:role/Ops"
ALSO_HANAS = "people.kofi[0]: this principal is also `hana`'s"


@pytest.mark.parametrize(
    ("arn", "login"),
    [
        (f"{USER}hana", "hana"),
        (f"{SESSION}AWSReservedSSO_Ops_0123/kofi@acme.io", "Kofi"),
        (f"{SESSION}AWSReservedSSO_Ops_/kofi@acme.io", "Kofi"),
        (f"{SESSION}AWSReservedSSO_Ops_0123/hana@acme.io", None),
        (f"{SESSION}AWSReservedSSO_Ops_0123/x/kofi@acme.io", None),  # `*` ends with the role's name
        (f"{SESSION}Admin/kofi@acme.io", None),
        (f"{USER}HANA", None),  # names in IAM differ by case
        (f"{USER}hana2", None),
        (f"x{USER}hana", None),
        ("arn:aws:iam::999999999999:user/hana", None),
        ("", None),
    ],
)
def test_an_arn_is_a_login_if_it_is_exactly_one_persons(arn: str, login: str | None) -> None:
    routes, _ = compiled({"targets": "all"})
    assert routes.login_of(arn) == login


def test_what_two_people_may_have_is_nobodys() -> None:
    people = {"hana": f"{SESSION}Ops_*/x1", "kofi": f"{SESSION}*_Ops/x1"}
    routes, _ = compiled({"targets": "all"}, people=people)
    assert routes.login_of(f"{SESSION}Ops_1/x1") == "hana"
    assert routes.login_of(f"{SESSION}Ops_1_Ops/x1") is None


@pytest.mark.parametrize(
    ("people", "error"),
    [
        ({"hana": "arn:aws:iam::111111111111:root"}, "people.hana: `arn:aws:iam::111111111111:root` is the root user"),
        (
            {"hana": ["arn:aws:iam::111111111111:role/Ops"]},
            "people.hana[0]: `arn:aws:iam::111111111111:role/Ops` is a role",
        ),
        ({"hana": [f"{SESSION}Ops"]}, f"people.hana[0]: `{SESSION}Ops` is a role, which several people may assume"),
        ({"hana": [f"{USER}*"]}, f"people.hana[0]: `{USER}*` has a `*`, which is allowed in the name of a role only"),
        ({"hana": [f"{SESSION}Ops/*"]}, f"people.hana[0]: `{SESSION}Ops/*` has a `*`"),
        ({"hana": ["arn:aws:sts::*:assumed-role/Ops/hana"]}, "people.hana[0]: `arn:aws:sts::*:"),
        ({"hana": "hana"}, "people.hana: `hana` is not the ARN of a person: write an IAM user"),
        ({"hana": []}, "people.hana: must not be empty"),
        ({"hana": 3}, "people.hana: must be text, not 3"),
        ({"h na": f"{USER}hana"}, "people.h na: `h na` is not a GitHub login such as hana"),
        ({"hana": f"{USER}a", "Hana": f"{USER}b"}, "people.Hana: `hana` is the same login: put all ARNs under one"),
        ({"hana": f"{USER}a", "kofi": f"{USER}a"}, ALSO_HANAS),
        (
            {"hana": f"{SESSION}Ops_*/x1", "kofi": f"{SESSION}Ops_*/x1"},
            "people.kofi[0]: this principal is also `hana`'s",
        ),
        (
            {"hana": f"{SESSION}Ops_1/x1", "kofi": f"{SESSION}Ops_*/x1"},
            "people.kofi[0]: this principal is also `hana`'s",
        ),
        (
            {"hana": f"{SESSION}Ops_*/x1", "kofi": f"{SESSION}Ops_1/x1"},
            "people.kofi[0]: this principal is also `hana`'s",
        ),
        (None, "people: has no value"),
    ],
)
def test_an_error_of_people_has_its_place_and_what_would_be_right(people: Any, error: str) -> None:
    found = errors({"targets": "all"}, people=people)
    assert any(each.startswith(error) for each in found), found


@pytest.mark.parametrize(
    ("teams", "error"),
    [
        ({"Ops": ["hana"]}, "teams.Ops: `Ops` is not a name of up to 63 lower case letters"),
        ({"ops": []}, "teams.ops: must not be empty"),
        ({"ops": ["team:dev"]}, "teams.ops[0]: `team:dev` is not a GitHub login such as hana"),
    ],
)
def test_an_error_of_teams_has_its_place(teams: Any, error: str) -> None:
    found = errors({"targets": "all"}, teams=teams)
    assert any(each.startswith(error) for each in found), found


def test_a_session_of_any_role_is_a_warning() -> None:
    [only] = warnings({"targets": "all"}, people={"hana": f"{SESSION}*/hana"})
    assert only.startswith("people.hana[0]: whoever may assume any role of the account can take this session's name")
