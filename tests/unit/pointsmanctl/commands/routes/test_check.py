"""`pointsman routes check` and `schema`, and what the build says of doubtful rules."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from pointsmanctl.routes_file.compile import main
from pointsmanctl.routes_file.reader import read_checked
from tests.support.command_line import run as run_command
from tests.support.receiver import ROOT

GOOD = """\
accounts: {dev: "222222222222"}
regions: [eu-west-1]
routes:
  - name: site
    repository: acme/infra
    on: {push: {branches: [main], paths: [roles/**]}}
    targets: all
    playbook: site.yml
"""
DOUBTFUL = GOOD.replace("roles/**", "docs/")
FAULTY = GOOD.replace("site.yml", "../site.yml").replace("[main]", "['[']").replace("eu-west-1", "mars")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    return path


def run(*arguments: object) -> Result:
    return run_command("routes", *arguments)


def lines(tmp_path: Path, text: str, *options: str) -> list[str]:
    result = run("check", written(tmp_path, text), *options)
    return [line.removeprefix(f"{tmp_path}/") for line in result.stdout.splitlines()]


def test_good_rules_are_counted(tmp_path: Path) -> None:
    assert run("check", written(tmp_path, GOOD)).exit_code == 0
    assert lines(tmp_path, GOOD) == ["routes.yaml: 1 route, 1 target, no errors, no warnings"]


def test_a_region_that_aws_does_not_have_is_doubtful(tmp_path: Path) -> None:
    text = (
        GOOD.replace("[eu-west-1]", "[eu-west-1, eu-wset-1]") + "targets: [{account: dev, regions: [xx-nowhere-9]}]\n"
    )
    reported = [line.split(" ", 1)[1] for line in lines(tmp_path, text)[:-1]]
    assert any(line.startswith("warning: regions[1]: botocore ") for line in reported)
    assert any("does not know the region `eu-wset-1`: did you mean `eu-west-1`?" in line for line in reported)
    assert any(line.startswith("warning: targets[0].regions[0]: botocore ") for line in reported)


def test_every_error_is_one_line_with_its_position(tmp_path: Path) -> None:
    result = run("check", written(tmp_path, FAULTY))
    assert result.exit_code == 1
    assert lines(tmp_path, FAULTY) == [
        "routes.yaml:2:11: regions[0]: `mars` is not an AWS region such as eu-west-1",
        (
            "routes.yaml:6:28: routes[0].on.push.branches[0]: pattern `[`, character 1: `[` is not closed; "
            "write `\\[` to match the character"
        ),
        (
            "routes.yaml:8:15: routes[0].playbook: must be the path of a .yml file in `directory`, "
            "such as site.yml or playbooks/web.yml"
        ),
        "routes.yaml: 3 errors, no warnings",
    ]


def test_a_warning_is_marked_and_fails_only_with_strict(tmp_path: Path) -> None:
    assert lines(tmp_path, DOUBTFUL) == [
        (
            "routes.yaml:6:42: warning: routes[0].on.push.paths: matches no possible file: "
            "no file matches `docs/`, since no name ends with a slash; write `docs/**`"
        ),
        "routes.yaml: 1 route, 1 target, no errors, 1 warning",
    ]
    assert run("check", tmp_path / "routes.yaml").exit_code == 0
    assert run("check", tmp_path / "routes.yaml", "--strict").exit_code == 1
    assert run("check", written(tmp_path, GOOD), "--strict").exit_code == 0


def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    path = written(tmp_path, DOUBTFUL)
    result = run("check", path, "--output=json")
    [reported] = json.loads(result.stdout)
    assert result.exit_code == 0
    assert reported.pop("reason").startswith("matches no possible file")
    assert reported == {
        "file": str(path),
        "line": 6,
        "column": 42,
        "severity": "warning",
        "where": "routes[0].on.push.paths",
    }
    result = run("check", written(tmp_path, FAULTY), "--output=json")
    assert result.exit_code == 1
    assert [each["severity"] for each in json.loads(result.stdout)] == ["error"] * 3
    assert json.loads(run("check", written(tmp_path, GOOD), "--output=json").stdout) == []


def test_a_file_that_cannot_be_read_is_one_line_and_another_status(tmp_path: Path) -> None:
    result = run("check", tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert result.stderr == f"pointsman: {tmp_path / 'none.yaml'}: No such file or directory\n"
    assert result.stdout == ""
    assert run("check", tmp_path).exit_code == 2


def test_invalid_yaml_is_an_error(tmp_path: Path) -> None:
    assert lines(tmp_path, "a: [1\nb: 2")[0].startswith("routes.yaml:2:2: not YAML: ")
    (tmp_path / "routes.yaml").write_bytes(b"\xff")
    assert run("check", tmp_path / "routes.yaml").exit_code == 1


def test_markup_in_the_rules_is_text(tmp_path: Path) -> None:
    [line, _] = lines(tmp_path, GOOD.replace("[eu-west-1]", "['[red]']"))
    assert line == "routes.yaml:2:11: regions[0]: `[red]` is not an AWS region such as eu-west-1"


def test_the_repositorys_own_routes_have_no_error_and_no_warning() -> None:
    result = run("check", ROOT / "routes.yaml", "--strict")
    assert result.exit_code == 0, result.stdout


def test_the_schema_is_what_is_published() -> None:
    assert run("schema").stdout == (ROOT / "routes.schema.json").read_text()


# --- places ---------------------------------------------------------------------------------------------------------

SHARED = """\
accounts: {dev: "222222222222"}
regions: [eu-west-1]
x-ours: &ours
  branches: [main, refs/heads/x]
x-on: &on
  push: {paths: [docs/]}
defaults:
  repository: acme/infra
  on: {push: {paths: [ansible]}}
  playbook: site.yml
  targets: all
routes:
  - {name: a, tags: [a]}
  - {name: b, tags: [b]}
  - name: c
    tags: [c]
    on: {push: {<<: *ours, paths: [a/**]}}
  - &d
    {name: d, tags: [d], on: *on}
  - {<<: *d, name: e, tags: [e]}
"""


def places(text: str, tmp_path: Path) -> list[tuple[Any, ...]]:
    checked = read_checked(written(tmp_path, text))
    return [(each.line, each.column, each.diagnostic.where) for each in [*checked.errors, *checked.warnings]]


def test_an_error_in_defaults_or_an_anchor_is_reported_once_at_its_source(tmp_path: Path) -> None:
    assert places(SHARED, tmp_path) == [
        (4, 20, "routes[2].on.push.branches[1]"),
        (6, 17, "routes[3].on.push.paths"),
        (9, 23, "defaults.on.push.paths[0]"),
    ]


def test_errors_are_printed_as_objects(tmp_path: Path) -> None:
    faulty = SHARED.replace("refs/heads/x", "'['").replace("docs/", "'[b'").replace("[ansible]", "['[a']")
    assert [place[:2] for place in places(faulty, tmp_path)] == [(4, 20), (6, 18), (9, 23)]


def test_a_key_beside_a_merge_counts_before_the_merged_one(tmp_path: Path) -> None:
    text = SHARED.replace("{<<: *d, name: e, tags: [e]}", "{<<: *d, name: e, tags: [e], on: {push: {tags: [x/]}}}")
    assert (20, 52, "routes[4].on.push.tags") in places(text, tmp_path)


def test_an_error_in_a_single_text_has_the_position_of_the_text(tmp_path: Path) -> None:
    text = GOOD.replace("acme/infra", "'!acme/infra'")
    assert places(text, tmp_path) == [(5, 17, "routes[0].repository")]


# --- the build ------------------------------------------------------------------------------------------------------


def test_the_build_prints_warnings_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(written(tmp_path, DOUBTFUL)), str(tmp_path / "routes.json")]) == 0
    assert (tmp_path / "routes.json").exists()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path}/routes.yaml:6:42: warning: routes[0].on.push.paths: matches no possible file")
