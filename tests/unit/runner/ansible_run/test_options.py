"""POINTSMAN_OPTIONS as a build reads it: what is accepted, and that everything else is refused by name."""

import json
from typing import Any

import pytest
from ansible_run.options import Options, SecretReference, VaultPassword, read_options


def read(**values: Any) -> Options:
    return read_options(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{}"])
def test_without_options_everything_has_its_default(text: str) -> None:
    assert read_options(text) == Options()


def test_every_option_is_read() -> None:
    options = read(
        directory="ansible",
        inventory=["inventories/production", "../hosts.yml"],
        requirements=["requirements.yml"],
        vault=[{"secret": "team/vault"}, {"id": "prod", "secret": "team/prod-vault"}],
        secrets={"db_password": {"secret": "team/db", "key": "password"}, "token": {"parameter": "/team/token"}},
        skip_tags=["slow"],
        forks=20,
        verbosity=2,
        environment={"HTTPS_PROXY": "http://proxy.internal:3128"},
        serial="25%",
    )
    assert options == Options(
        directory="ansible",
        inventory=("inventories/production", "../hosts.yml"),
        requirements=("requirements.yml",),
        vault=(VaultPassword("team/vault"), VaultPassword("team/prod-vault", "prod")),
        secrets={
            "db_password": SecretReference(secret="team/db", key="password"),
            "token": SecretReference(parameter="/team/token"),
        },
        skip_tags=("slow",),
        forks=20,
        verbosity=2,
        environment={"HTTPS_PROXY": "http://proxy.internal:3128"},
        serial="25%",
    )


@pytest.mark.parametrize("serial", ["1", "12", "1%", "99%", "100%"])
def test_a_batch_size_is_a_number_of_hosts_or_a_percentage(serial: str) -> None:
    assert read(serial=serial) == Options(serial=serial)


@pytest.mark.parametrize("serial", ["", "0", "-1", "01", "0%", "101%", "1.5", "{{ x }}", "1\n", "100000", 1, ["1"]])
def test_any_other_batch_size_is_refused(serial: Any) -> None:
    options = read(serial=serial)
    assert options.serial == ""
    assert options.errors[0].startswith("POINTSMAN_OPTIONS: serial has ")


def test_an_option_that_is_null_is_not_set() -> None:
    assert read(forks=None, requirements=None) == Options()


def test_no_requirements_differ_from_the_usual_places() -> None:
    assert read(requirements=[]).requirements == ()
    assert Options().requirements is None


@pytest.mark.parametrize("text", ["{", "[]", "1", '"directory"', "null"])
def test_what_is_not_an_object_is_refused(text: str) -> None:
    assert read_options(text).errors[0].startswith("POINTSMAN_OPTIONS is not")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("directory", "/etc"),
        ("directory", "-x"),
        ("directory", "a//b"),
        ("directory", "a\nb"),
        ("directory", ""),
        ("directory", 1),
        ("inventory", "hosts.ini"),
        ("inventory", ["a,b"]),
        ("inventory", ["--version"]),
        ("inventory", ["a/-b"]),
        ("inventory", ["$(id)"]),
        ("requirements", {"a": 1}),
        ("vault", [{}]),
        ("vault", ["team/vault"]),
        ("vault", [{"secret": "a b"}]),
        ("vault", [{"secret": "a", "id": "a@b"}]),
        ("secrets", []),
        ("secrets", {"a-b": {"secret": "a"}}),
        ("secrets", {"ansible_become_password": {"secret": "a"}}),
        ("secrets", {"a": "the value itself"}),
        ("secrets", {"a": {"secret": "a\nb"}}),
        ("secrets", {"a": {"secret": "a", "key": "a\x00b"}}),
        ("secrets", {"a": {"parameter": "a b"}}),
        ("skip_tags", ["-v"]),
        ("skip_tags", ["a,b"]),
        ("forks", 0),
        ("forks", 501),
        ("forks", "20"),
        ("forks", True),
        ("verbosity", 5),
        ("verbosity", -1),
        ("environment", {"PATH": "/tmp"}),
        ("environment", {"POINTSMAN_BUS": "x"}),
        ("environment", {"CODEBUILD_BUILD_ID": "x"}),
        ("environment", {"A B": "x"}),
        ("environment", {"A": 1}),
        ("environment", {"A": "a\x00b"}),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_keeps_the_default(name: str, value: Any) -> None:
    options = read(**{name: value})
    [error] = options.errors
    assert error.startswith(f"POINTSMAN_OPTIONS: {name} ")
    assert getattr(options, name) == getattr(Options(), name)


def test_every_error_is_reported_at_once() -> None:
    assert len(read(forks=0, verbosity=9, skip_tags=["ok"]).errors) == 2


def test_an_option_of_a_newer_version_is_refused_with_what_to_do() -> None:
    assert read(become="yes").errors == (
        "POINTSMAN_OPTIONS: become is not an option of this version. Deploy the worker stack again",
    )
