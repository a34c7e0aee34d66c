"""A secret in routes.yaml is a fault: variables are repeated in every event of a build."""

from typing import Any

import pytest

from pointsman.core.routes.secret_variables import secrets_in

TOKEN = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"db_password": "hunter2-and-more"}, "db_password"),
        ({"app": {"smtp": {"password": "hunter2"}}}, "app.smtp.password"),
        ({"api_tokens": ["first-One-1", "second-One-2"]}, "api_tokens[0]"),
        ({"users": [{"name": "a", "passwd": "Sup3r"}]}, "users[0].passwd"),
        ({"remote": f"https://{TOKEN}@github.com/acme/infra"}, "remote"),
        ({"anything": TOKEN}, "anything"),
        ({"pin_password": 123456}, "pin_password"),
        ({"secret": {"value": "Abc-123-xyz"}}, "secret.value"),
    ],
)
def test_a_secret_is_named_by_its_place_and_never_shown(variables: dict[str, Any], place: str) -> None:
    first, *_ = secrets_in(variables)
    assert first.startswith(f"{place} contains a secret: store it in Secrets Manager or SSM")
    assert TOKEN not in first
    assert "hunter2" not in first


@pytest.mark.parametrize(
    "variables",
    [
        {"token_ttl": 3600},
        {"password_file": "/etc/app/password"},
        {"use_token": True},
        {"password_authentication": "no"},
        {"secret_name": "app/db"},
        {"api_token": "/run/secrets/token"},
        {"app_message": "all signals clear", "replicas": 3},
        {"basic": "Install some basic dependencies"},
        {"checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    ],
)
def test_what_is_about_a_secret_and_holds_none_is_taken(variables: dict[str, Any]) -> None:
    assert secrets_in(variables) == []
