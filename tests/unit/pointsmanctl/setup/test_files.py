"""routes.yaml and pointsman.toml: valid when new, and otherwise changed only where an answer has changed."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from pointsmanctl.deployment.settings import read_deploy_settings
from pointsmanctl.errors import InvalidInput
from pointsmanctl.routes_file.reader import read_checked
from pointsmanctl.setup.answers import Answers, WorkerAccount, present_answers
from pointsmanctl.setup.files import write_files

CONNECTION = "arn:aws:codeconnections:eu-west-1:222222222222:connection/1"
ANSWERS = Answers(
    control_profile="control",
    control_region="us-east-1",
    accounts={
        "dev": WorkerAccount("222222222222", "dev-profile", CONNECTION),
        "prod": WorkerAccount("033333333333", "prod"),
    },
    regions=("eu-west-1", "us-east-1"),
    repository="acme/infra",
    branch="production",
    playbook="playbooks/site.yml",
    slack_channel="C0123456789",
)
HAND_WRITTEN = """\
# our rules
x-common: &common {skip_ci: false}
accounts:
  dev: {id: "222222222222", environment: test} # the cheap one
  prod: '033333333333'

regions:
  - eu-west-1   # Dublin
  - us-east-1

defaults: *common
# what runs
routes:
  - {name: web, repository: acme/*, on: {push: {branches: [main]}}, targets: all, playbook: web.yml}
  - name: site
    repository: [acme/infra, acme/more]
    on: {push: {branches: [main]}}
    targets: all
    playbook: site.yml
"""
HAND_WRITTEN_SETTINGS = """\
# ours
region = "us-east-1" # as always
profile = "control"
external_id = "0123456789abcdef"
artifacts_bucket = "acme-{account}-{region}"

[parameters]
SlackChannel = "C0123456789" # deployments
LogLevel = "DEBUG"
[accounts.dev]
profile = "dev-profile"
parameters = {ConnectionArn = "CONNECTION", ComputeType = "BUILD_GENERAL1_LARGE"}
[accounts.prod]
profile = "prod"
""".replace("CONNECTION", CONNECTION)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "routes.yaml", tmp_path / "pointsman.toml"


def write(files: tuple[Path, Path], answers: Answers = ANSWERS, external_id: str = "new") -> list[Path]:
    return write_files(*files, answers, lambda: external_id)


def test_new_files_are_valid_and_have_every_answer(files: tuple[Path, Path]) -> None:
    assert write(files) == list(files)
    checked = read_checked(files[0])
    assert (checked.errors, checked.warnings) == ([], [])
    assert checked.routes
    [route] = checked.routes.routes
    assert (route.repository, route.playbook) == (("acme/infra",), "playbooks/site.yml")
    assert "branches: [production]" in files[0].read_text()
    present = present_answers(*files)
    assert present == replace(ANSWERS, branch="", playbook="", routes_exist=True)
    assert read_deploy_settings(files[1]).external_id == "new"
    assert not [path for path in files[0].parent.iterdir() if path not in files]


def test_the_same_answers_write_nothing(files: tuple[Path, Path]) -> None:
    write(files)
    assert write(files, present_answers(*files), "another") == []


def test_what_people_wrote_stays(files: tuple[Path, Path]) -> None:
    for path, text in zip(files, (HAND_WRITTEN, HAND_WRITTEN_SETTINGS), strict=True):
        path.write_text(text)
    present = present_answers(*files)
    assert write(files, present) == []
    changed = replace(
        present,
        regions=("eu-west-1", "eu-central-1"),
        slack_channel="C9999999999",
        accounts={**present.accounts, "dev": WorkerAccount("444444444444", "dev-profile", CONNECTION)},
    )
    assert write(files, changed) == list(files)
    assert files[0].read_text().splitlines() == (
        HAND_WRITTEN.replace('"222222222222"', '"444444444444"')
        .replace("  - us-east-1", "  - eu-central-1")
        .replace("  # Dublin", "")
        .replace("eu-west-1 ", "eu-west-1")
        .splitlines()
    )
    assert files[1].read_text() == HAND_WRITTEN_SETTINGS.replace("C0123456789", "C9999999999")


def test_an_account_and_a_connection_are_added_and_a_connection_is_taken_back(files: tuple[Path, Path]) -> None:
    write(files)
    more = {
        "dev": WorkerAccount("222222222222", "dev-profile"),
        "prod": ANSWERS.accounts["prod"],
        "test": WorkerAccount("555555555555", "test", CONNECTION),
    }
    write(files, replace(present_answers(*files), accounts=more))
    present = present_answers(*files)
    assert present.accounts == more
    assert read_checked(files[0]).errors == []


def test_a_repository_that_no_route_has_becomes_that_of_the_first_route(files: tuple[Path, Path]) -> None:
    write(files)
    write(files, replace(present_answers(*files), repository="acme/other"))
    assert present_answers(*files).repository == "acme/other"


def test_github_enterprise_is_written_where_it_is_used_alone(files: tuple[Path, Path]) -> None:
    write(files)
    assert "github" not in tomllib.loads(files[1].read_text())
    server = "https://github.example.com"
    write(files, replace(present_answers(*files), github_url=server))
    assert present_answers(*files).github_url == read_deploy_settings(files[1]).github.url == server
    write(files, replace(present_answers(*files), github_url="https://github.com"))
    assert present_answers(*files).github_url == "https://github.com"


def test_what_would_not_be_valid_is_not_written(files: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidInput, match="us-east"):
        write(files, replace(ANSWERS, regions=("us-east",)))
    assert list(files[0].parent.iterdir()) == []


def test_an_interruption_leaves_both_files_as_they_were(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pointsmanctl.setup.files._check_routes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(files)
    assert list(files[0].parent.iterdir()) == []


def test_a_file_with_an_error_is_named_and_kept(files: tuple[Path, Path]) -> None:
    files[0].write_text("accounts: {}\n")
    with pytest.raises(InvalidInput, match=r"routes\.yaml:1:1.*Correct the file, or move it away"):
        present_answers(*files)


def test_the_run_image_is_a_table_that_init_adds_and_never_takes_away(tmp_path: Path) -> None:
    routes, config = tmp_path / "routes.yaml", tmp_path / "pointsman.toml"
    write_files(routes, config, ANSWERS, lambda: "0123456789abcdef")
    assert read_deploy_settings(config).image is None
    write_files(routes, config, replace(ANSWERS, run_image=True), lambda: "")
    assert read_deploy_settings(config).image is not None
    config.write_text(config.read_text().replace("[image]", '[image]\nrevision = "2"'))
    write_files(routes, config, present_answers(routes, config), lambda: "")
    image = read_deploy_settings(config).image
    assert image
    assert image.revision == "2"


def test_without_room_in_the_quota_nothing_is_reserved_unless_somebody_chose(files: tuple[Path, Path]) -> None:
    write(files, replace(ANSWERS, reserves_concurrency=False))
    assert read_deploy_settings(files[1]).parameters["ReceiverConcurrency"] == "0"
    files[1].write_text(files[1].read_text().replace("ReceiverConcurrency = 0", "ReceiverConcurrency = 5"))
    write(files, replace(ANSWERS, reserves_concurrency=False))
    assert read_deploy_settings(files[1]).parameters["ReceiverConcurrency"] == "5"
