"""The questions: defaults from the files, each answer checked at once, and asked again if it is not valid."""

from collections.abc import Callable

import pytest

from pointsmanctl.errors import CloudUnavailable, InvalidInput
from pointsmanctl.setup import checks
from pointsmanctl.setup.answers import Answers, WorkerAccount
from pointsmanctl.setup.questions import Questions

IDS = {"control": "111111111111", "dev": "222222222222", "production": "333333333333"}


class ScriptedPrompt:
    """Answers by option, in order; the default where the script has nothing."""

    def __init__(self, **script: list[str]) -> None:
        self.script = {f"--{name.replace('_', '-')}": answers for name, answers in script.items()}
        self.notes: list[str] = []
        self.refused: list[str] = []

    def ask[T](self, question: str, option: str, default: str, check: Callable[[str], T]) -> T:
        while True:
            answers = self.script.get(option)
            try:
                return check(answers.pop(0) if answers else default)
            except InvalidInput as error:
                if not answers:
                    raise
                self.refused.append(str(error))

    def note(self, text: str) -> None:
        self.notes.append(text)


def account_id(profile: str | None, region: str) -> str:
    if profile not in IDS:
        raise CloudUnavailable(f"no profile {profile}")
    return IDS[profile]


def ask(prompt: ScriptedPrompt, present: Answers | None = None, *, more: bool = True) -> Answers:
    return Questions(prompt, account_id, present or Answers()).answers(more_accounts=more)


def test_a_first_answer_to_everything() -> None:
    prompt = ScriptedPrompt(
        profile=["control"],
        account=["dev", "dev", "prod", "production", ""],
        regions=["eu-west-1, us-east-1"],
        repository=["git@github.com:acme/infra.git"],
        slack_channel=["#deployments", "C0123456789"],
    )
    assert ask(prompt) == Answers(
        control_profile="control",
        control_region="us-east-1",
        accounts={"dev": WorkerAccount("222222222222", "dev"), "prod": WorkerAccount("333333333333", "production")},
        regions=("eu-west-1", "us-east-1"),
        repository="acme/infra",
        branch="main",
        playbook="site.yml",
        slack_channel="C0123456789",
    )
    assert prompt.notes[0] == "The control stack goes to account 111111111111, us-east-1."
    [refused] = prompt.refused
    assert refused.startswith("'#deployments' is not the id of a Slack channel, such as C0123456789")


def test_answers_that_are_present_are_the_defaults() -> None:
    present = Answers(
        control_profile="control",
        control_region="eu-central-1",
        accounts={"dev": WorkerAccount("222222222222", "dev")},
        regions=("eu-west-1",),
        repository="acme/infra",
        slack_channel="C0123456789",
        routes_exist=True,
    )
    assert ask(ScriptedPrompt(), present) == present


def test_a_profile_without_credentials_is_asked_for_again() -> None:
    prompt = ScriptedPrompt(profile=["typo", "control"], repository=["acme/infra"], slack_channel=["C0123456789"])
    present = Answers(accounts={"dev": WorkerAccount("")})
    assert ask(prompt, present, more=False).control_profile == "control"
    assert prompt.refused == ["no profile typo"]


def test_an_account_without_a_profile_of_its_name_is_taken_for_the_control_account() -> None:
    answers = ask(
        ScriptedPrompt(profile=["control"], account=["one"], repository=["acme/infra"], slack_channel=["C0123456789"])
    )
    assert answers.accounts == {"one": WorkerAccount("111111111111", "control")}


def test_without_an_account_there_is_nothing_to_deploy() -> None:
    with pytest.raises(InvalidInput, match="--account NAME=PROFILE"):
        ask(ScriptedPrompt(profile=["control"], account=[""]))


@pytest.mark.parametrize(
    ("check", "text", "reason"),
    [
        (checks.account_name, "Dev", "'Dev' is not a lower case letter"),
        (checks.region, "eu-west-9", "'eu-west-9' is not a region in which AWS offers CodeBuild"),
        (checks.region, "Ireland", "'Ireland' is not an AWS region"),
        (checks.regions, " , ", "name at least one region"),
        (checks.repository, "infra", "'infra' is not owner/name"),
        (checks.branch, "a b", "'a b' is not the name of a branch"),
        (checks.playbook, "../site.yml", "'../site.yml' is not the path of a playbook"),
        (checks.connection, "arn:aws:iam::1:role/x", "is not the ARN of a connection"),
    ],
)
def test_what_is_not_valid_is_refused_with_the_reason(check: Callable[[str], object], text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        check(text)
    assert reason in str(error.value)


@pytest.mark.parametrize("text", ["acme/infra", "https://github.com/acme/infra", "https://github.com/acme/infra.git/"])
def test_an_address_of_github_is_a_repository(text: str) -> None:
    assert checks.repository(text)[1] == "acme/infra"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("acme/infra", ""),
        ("https://github.com/acme/infra.git", "https://github.com"),
        ("https://GitHub.example.com/acme/infra", "https://github.example.com"),
        ("https://github.example.com:8443/acme/infra", "https://github.example.com:8443"),
        ("git@github.example.com:acme/infra.git", "https://github.example.com"),
        ("ssh://git@github.example.com/acme/infra.git", "https://github.example.com"),
        ("https://acme.ghe.com/acme/infra", "https://acme.ghe.com"),
    ],
)
def test_an_address_says_which_github_it_is_on(text: str, url: str) -> None:
    assert checks.repository(text) == (url, "acme/infra")


def test_an_address_on_no_possible_host_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be the address of GitHub's pages"):
        checks.repository("https://git_hub/acme/infra")


def test_a_repository_on_github_enterprise_keeps_its_host_when_it_is_asked_for_again() -> None:
    present = Answers(
        control_profile="control",
        control_region="eu-central-1",
        accounts={"dev": WorkerAccount("222222222222", "dev")},
        regions=("eu-west-1",),
        github_url="https://github.example.com",
        repository="acme/infra",
        slack_channel="C0123456789",
        routes_exist=True,
    )
    assert ask(ScriptedPrompt(), present, more=False) == present
    assert ask(ScriptedPrompt(repository=["acme/web"]), present, more=False).github_url == present.github_url
    elsewhere = ask(ScriptedPrompt(repository=["https://github.com/acme/web"]), present, more=False)
    assert (elsewhere.github_url, elsewhere.repository) == ("https://github.com", "acme/web")
