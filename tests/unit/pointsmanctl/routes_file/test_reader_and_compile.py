"""routes.yaml as a file: errors with their line and column, YAML as people mean it, and compilation."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pointsman.core.model import WhenBusy
from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import (
    CompiledCondition,
    CompiledRoutes,
    MessageRegex,
    Place,
    TargetGroup,
    WhenUndetermined,
)
from pointsmanctl.routes_file.compile import main
from pointsmanctl.routes_file.reader import read_routes
from tests.support.receiver import ROOT, file_with, shipped_file, shipped_routes
from tests.unit.core.routes.test_check import good


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    return path


def reported_by(tmp_path: Path, text: str) -> list[str]:
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in read_routes(written(tmp_path, text))[1]]


def test_an_error_has_its_line_and_column(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text()
    line = text.splitlines().index("    playbook: site.yml") + 1
    assert reported_by(tmp_path, text.replace("playbook: site.yml", "playbook: ../site.yml")) == [
        (
            f"routes.yaml:{line}:15: routes[0].playbook: must be the path of a .yml file in `directory`, such as "
            "site.yml or playbooks/web.yml"
        )
    ]


def test_a_missing_value_is_reported_at_its_parent(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text().replace("    playbook: site.yml\n", "")
    line = text.splitlines().index("  - name: site") + 1
    assert reported_by(tmp_path, text) == [f"routes.yaml:{line}:5: routes[0]: `playbook` is missing"]


def test_a_duplicate_key_is_an_error(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text() + "    playbook: other.yml\n"
    [first] = [number for number, line in enumerate(text.splitlines(), start=1) if "playbook:" in line][:1]
    last = len(text.splitlines())
    assert reported_by(tmp_path, text) == [
        f"routes.yaml:{last}:5: routes[0].playbook: this key is a duplicate: it is also on line {first}"
    ]


def test_a_duplicate_merge_key_is_an_error(tmp_path: Path) -> None:
    text = "x-a: &a {b: 1}\nx-b:\n  <<: *a\n  <<: *a\n"
    assert "routes.yaml:4:3: x-b.<<: this key is a duplicate: it is also on line 3" in reported_by(tmp_path, text)


def test_an_unknown_key_is_reported_at_the_key(tmp_path: Path) -> None:
    text = (ROOT / "routes.yaml").read_text() + "    tag:\n      - web\n    true: 1\n"
    last = len(text.splitlines())
    assert reported_by(tmp_path, text)[-1] == (
        f"routes.yaml:{last - 2}:5: routes[0].tag: unknown key; did you mean `tags`?"
    )
    assert any("routes[0]: true is not a valid key: a key is text" in fault for fault in reported_by(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- !**/*.md", "put quotes around"),
        ("a: [*]", "put quotes around"),
        ("a: {b: [!**/*.md]}", "put quotes around"),
        ("a: [x]y", "put quotes around"),
        ("a: [x], [y]", "several values need brackets around all of them"),
        ("a: [x\nb: 1", "or close the bracket above"),
        ("a: 1\n  b: 2", "or this line is indented too far"),
        ("a: */infra", "put quotes around"),
        ("a: [dependabot[bot]]", "put quotes around"),
        ("a: fix: db", "put quotes around"),
        ("a: {{ x }}", "put quotes around"),
        (r'a: "^\d+"', "single quotes take a regular expression as it is"),
        ("a:\n  - a: 1\n b: 2", "does not line up with those above it"),
        ("a:\n\tb: 1", "indent with spaces"),
    ],
)
def test_common_mistakes_in_yaml_have_a_hint(tmp_path: Path, text: str, hint: str) -> None:
    [fault] = reported_by(tmp_path, text)
    assert "not YAML" in fault
    assert hint in fault


def test_a_byte_that_is_not_utf8_is_reported_with_its_position(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_bytes(b'a: 1\nb: "caf\xe9"\n')
    assert [str(fault) for fault in read_routes(path)[1]] == [f"{path}:2:8: not YAML: this byte is not UTF-8"]
    path.write_bytes(b'a: 1\r\nb: "x\x07"\r\n')
    assert [str(fault) for fault in read_routes(path)[1]] == [f"{path}:2:6: not YAML: this character is not allowed"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "routes.yaml:1:1: the file is empty"),
        ("a: [1\nb: 2", "routes.yaml:2:2: not YAML: while parsing a flow sequence; expected ',' or ']'"),
        ("paths: **/x", "routes.yaml:1:9: not YAML: while scanning an alias"),
        ("a: !!int abc", "routes.yaml:1:4: not YAML: this is not a valid int"),
        ("a: !!bool x", "routes.yaml:1:4: not YAML: this is not a valid bool"),
        ("a: {b: !!timestamp x}", "routes.yaml:1:8: not YAML: this is not a valid timestamp"),
        ('a: !!int ""', "routes.yaml:1:4: not YAML: this is not a valid int"),
        (f"a: {'9' * 5000}", "routes.yaml:1:4: not YAML: this is not a valid int"),
        ('a: "\\U00110000"', "routes.yaml:1:7: not YAML: chr() arg not in range(0x110000)"),
        ("a: \x01", "routes.yaml:1:4: not YAML: this character is not allowed"),
        ("a: !!python/object:os.system {}", "routes.yaml:1:4: not YAML: could not determine a constructor"),
        ("[]", "routes.yaml:1:1: must be a mapping, not []"),
        ("&a [*a]", "routes.yaml:1:1: must be a mapping"),
        ("? [a]\n: b", "routes.yaml:1:3: not YAML: while constructing a mapping; found unhashable key"),
    ],
)
def test_invalid_yaml_is_reported_with_its_position(tmp_path: Path, text: str, fault: str) -> None:
    assert reported_by(tmp_path, text)[0].startswith(fault)


def test_yaml_is_read_as_people_mean_it(tmp_path: Path) -> None:
    text = """
        accounts: {dev: 012345670123, no: 222222222222}
        regions: [eu-west-1]
        routes:
          - &first
            {name: a, repository: acme/infra, on: push, playbook: site.yml, targets: [no/eu-west-1],
             extra_vars: {day: 2026-11-23, yes: on, n: 1e3, m: 1.5, size: 0o17, empty: }}
          - {<<: *first, name: b}
    """
    routes, faults = read_routes(written(tmp_path, text))
    assert routes, faults
    assert {name: account.id for name, account in routes.accounts.items()} == {
        "dev": "012345670123",
        "no": "222222222222",
    }
    assert routes.routes[0].extra_vars == {
        "day": "2026-11-23",
        "yes": "on",
        "n": "1e3",
        "m": 1.5,
        "size": "0o17",
        "empty": None,
    }
    assert routes.routes[1] == routes.routes[0].model_copy(update={"name": "b"})


# --- compiled -------------------------------------------------------------------------------------------------------


def test_compiled_rules_are_the_same_rules(tmp_path: Path) -> None:
    assert main([str(ROOT / "routes.yaml"), str(tmp_path / "routes.json")]) == 0
    assert CompiledRoutes.read((tmp_path / "routes.json").read_bytes()) == shipped_routes()
    text = (tmp_path / "routes.json").read_text()
    assert main([str(ROOT / "routes.yaml"), str(tmp_path / "routes.json")]) == 0
    assert (tmp_path / "routes.json").read_text() == text


def test_every_key_survives_compilation() -> None:
    lists = {"branches": ["main"], "tags": ["v*"], "paths": ["a/**", "!a/b"]}
    ignores = {"branches-ignore": ["x"], "tags-ignore": ["y"], "paths-ignore": ["z"]}
    routes = file_with(
        {"on": {"push": lists}, "tags": ["t"], "extra_vars": {"a": None, "b": [1]}, "limit": "l", "when_busy": "queue"},
        {"on": {"push": ignores}, "when_undetermined": "hold", "targets": ["dev/*"]},
        targets=[{"account": "dev", "regions": ["eu-west-1"], "limit": "x"}, {"account": "prod"}],
    )
    compiled = compile_routes(routes)
    assert CompiledRoutes.read(compiled.to_json()) == compiled
    one, two = compiled.routes
    assert one.push
    assert one.push.lists == {"branches": ("main",), "tags": ("v*",), "paths": ("a/**", "!a/b")}
    assert (one.tags, one.extra_vars, one.when_busy) == (("t",), {"a": None, "b": [1]}, WhenBusy.QUEUE)
    assert one.targets == (TargetGroup((0,), "x:&l"), TargetGroup((1, 2), "l"))
    assert two.push
    assert two.push.lists == {"branches-ignore": ("x",), "tags-ignore": ("y",), "paths-ignore": ("z",)}
    assert (two.when_undetermined, two.targets) == (WhenUndetermined.HOLD, (TargetGroup((0,), "x"),))
    assert compiled.places[2] == Place("prod", "333333333333", "eu-west-1")


def test_the_conditions_of_a_pull_request_survive_compilation() -> None:
    condition = {
        "types": "opened",
        "head-branches-ignore": "wip/**",
        "actors": ["hana", 7],
        "actors-ignore": 8,
        "messages": ["fix", {"regex": "^v[0-9]"}],
        "messages-ignore": "wip",
    }
    [route] = compile_routes(file_with({"on": {"pull_request": condition}, "skip_ci": False})).routes
    assert (route.push, route.skip_ci) == (None, False)
    assert route.pull_request == CompiledCondition(
        lists={"head-branches-ignore": ("wip/**",)},
        actors=("hana", 7),
        actors_ignore=(8,),
        messages=("fix", MessageRegex("^v[0-9]")),
        messages_ignore=("wip",),
        types=("opened",),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"places": []}', b'{"places": [], "routes": [], "more": 1}', b'{"places": 1, "routes": []}'],
)
def test_what_another_version_compiled_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        CompiledRoutes.read(content)


def test_invalid_routes_are_not_compiled_and_have_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, json.dumps(good() | {"regions": ["x"]}))
    assert main([str(path), str(tmp_path / "routes.json")]) == 1
    assert not (tmp_path / "routes.json").exists()
    output = capsys.readouterr().err.splitlines()
    assert output[0].startswith(f"{path}:1:")
    assert output[-1] == f"{path}: 1 error, nothing was compiled"


def test_a_missing_file_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.yaml"), str(tmp_path / "routes.json")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none.yaml'}: No such file or directory\n"


def test_rules_are_values() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        shipped_file().routes[0].name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        shipped_routes().routes[0].name = "other"  # type: ignore[misc]
