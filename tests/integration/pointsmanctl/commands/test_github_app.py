"""`pointsman github-app` against the local GitHub over HTTP, and Secrets Manager on moto."""

import json
import re
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from localcloud.github.app import INSTALLATION_ID
from localcloud.github.registration import AppRegistration
from localcloud.github.shapes import identity_of
from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.errors import Misconfigured
from pointsmanctl.apps import github_app, terminal
from pointsmanctl.apps.control_stack import ControlStack
from pointsmanctl.apps.github_api import AppWebhook, GithubApps
from tests.support.command_line import run
from tests.support.control_stack import WEBHOOK_SECRET, WEBHOOK_URL, StackOnMoto, control_stack_on_moto
from tests.support.github_api import GithubServer, github_server

SECRET = "stack/github-api"
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GithubServer]:
    with github_server(tmp_path_factory.mktemp("github")) as server:
        yield server


@pytest.fixture(autouse=True)
def stack(github: GithubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackOnMoto]:
    """A control stack whose GitHub is the local one, and pointsman.toml that names it."""
    monkeypatch.chdir(tmp_path)
    Path("pointsman.toml").write_text(
        'stack = "stack" # ours\nregion = "us-east-1"\n\n[parameters]\nLogLevel = "DEBUG"\n'
    )
    with control_stack_on_moto(GithubApiUrl=github.url) as made:
        yield made


@dataclass
class Person:
    """Who opens pages in a browser, and clicks what a person would."""

    registration: AppRegistration
    opened: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    alter: Callable[[str], str] = str  # the address that GitHub leads to
    installs: bool = True

    def open(self, address: str) -> bool:
        self.opened.append(address)
        if address.endswith("/installations/new"):
            self.registration.installed = self.installs
        else:
            redirect = self.create_app(HTTP.request("GET", address).data.decode())
            for target in dict.fromkeys((self.alter(redirect), redirect)):
                self.statuses.append(HTTP.request("GET", target).status)
        return True

    def create_app(self, page: str) -> str:
        """Press the button of the page, and return the address that GitHub leads to."""
        [action] = re.findall(r'<form action="([^"]*)"', page)
        [manifest] = re.findall(r'name="manifest" value="([^"]*)"', page)
        fields = {"manifest": unescape(manifest)}
        answer = HTTP.request("POST", unescape(action), fields=fields, encode_multipart=False, redirect=False)
        assert answer.status == 302, answer.data
        self.codes.append(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0])
        return answer.headers["location"]


@pytest.fixture(autouse=True)
def person(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person(github.api.registration)
    monkeypatch.setattr(webbrowser, "open", person.open)
    monkeypatch.setattr(github_app, "INSTALL_SECONDS", 0.0)
    return person


def canaries(github: GithubServer, person: Person, stack: StackOnMoto) -> list[str]:
    """Everything that only Secrets Manager may have."""
    key = github.api.app.private_key
    return [*person.codes, key.splitlines()[1], key.splitlines()[-2], stack.webhook_secret, github.token]


def test_an_app_is_registered_and_serves_the_receiver(
    github: GithubServer, person: Person, stack: StackOnMoto, tmp_path: Path
) -> None:
    done = run("github-app", "--organization", "acme", "--open")
    assert done.exit_code == 0, done.output

    manifest = github.api.registration.manifest
    assert (manifest["name"], manifest["hook_attributes"]["url"]) == ("stack-acme", WEBHOOK_URL)
    assert person.opened[1] == f"{github.url}/apps/stack-acme/installations/new"

    value = stack.value(SECRET)
    assert value
    assert json.loads(value)["installation_id"] == INSTALLATION_ID
    github.repository("acme/infra")
    token = GithubToken(lambda: value, GithubHttp(github.url))
    assert token.get(identity_of("acme/infra"), Deadline(10)).startswith("ghs_")  # what the receiver does

    hook = github.api.registration.hook
    assert (hook["url"], hook["content_type"]) == (WEBHOOK_URL, "json")
    assert hook["secret"] == stack.webhook_secret  # plain webhooks and the App sign alike
    assert stack.versions(WEBHOOK_SECRET) == 1

    assert f'GithubApiSecretName = "{SECRET}"' in Path("pointsman.toml").read_text()
    assert 'stack = "stack" # ours' in Path("pointsman.toml").read_text()
    assert "Next: `pointsman deploy`" in done.stderr
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    for canary in canaries(github, person, stack):
        assert canary not in done.output + written


def test_a_page_for_another_machine_and_a_pasted_address(
    github: GithubServer, person: Person, stack: StackOnMoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paste(_: str) -> str:
        address = person.create_app(Path("register.html").read_text())
        person.registration.installed = True
        return address

    monkeypatch.setattr(terminal, "read_secret_line", paste)
    done = run("github-app", "--page", "register.html")
    assert done.exit_code == 0, done.output
    assert json.loads(stack.value(SECRET) or "")["installation_id"] == INSTALLATION_ID
    for canary in canaries(github, person, stack):
        assert canary not in done.output


def test_an_answer_with_another_state_is_refused_and_the_right_one_awaited(person: Person, stack: StackOnMoto) -> None:
    person.alter = lambda address: re.sub(r"state=[^&]+", "state=forged", address)
    done = run("github-app", "--open")
    assert done.exit_code == 0, done.output
    assert person.statuses == [400, 200]


def test_a_pasted_address_with_another_state_stores_nothing(stack: StackOnMoto) -> None:
    done = run(
        "github-app", "--page", "register.html", stdin="http://127.0.0.1:1/created?code=abcdefgh12&state=forged\n"
    )
    assert done.exit_code == 2
    assert "its state is another one. Start again" in done.stderr
    assert "abcdefgh12" not in done.output
    assert stack.value(SECRET) is None


def test_a_code_that_github_does_not_know_stores_nothing(person: Person, stack: StackOnMoto) -> None:
    person.alter = lambda address: re.sub(r"code=[^&]+", "code=0000000000000000", address)
    done = run("github-app", "--open")
    assert done.exit_code == 2
    assert "GitHub does not accept the code: it is valid once and for one hour. Start again" in done.stderr
    assert "0000000000000000" not in done.output
    assert stack.value(SECRET) is None


def test_nothing_on_standard_input_is_named(stack: StackOnMoto) -> None:
    done = run("github-app", "--page", "register.html", stdin="")
    assert done.exit_code == 2
    assert "nothing came from standard input" in done.stderr


def test_an_app_that_is_not_installed_yet_is_continued_with(person: Person, stack: StackOnMoto) -> None:
    person.installs = False
    first = run("github-app", "--open")
    assert first.exit_code == 4
    assert "is not installed yet" in first.stderr
    assert "installation_id" not in json.loads(stack.value(SECRET) or "")
    assert "GithubApiSecretName" not in Path("pointsman.toml").read_text()

    person.registration.installed = True
    again = run("github-app")
    assert again.exit_code == 0, again.output
    assert len(person.codes) == 1
    assert json.loads(stack.value(SECRET) or "")["installation_id"] == INSTALLATION_ID

    versions = stack.versions(SECRET)
    assert run("github-app").exit_code == 0
    assert stack.versions(SECRET) == versions


def test_the_doctor_reads_the_apps_webhook(github: GithubServer, person: Person, stack: StackOnMoto) -> None:
    run("github-app", "--open")
    stored = github_app.read_stored_app(stack.value(SECRET)).credentials
    assert stored
    person.registration.deliveries = [{"id": 2, "status_code": 401}]
    hook = GithubApps(github.url).webhook(stored)
    assert hook == AppWebhook(WEBHOOK_URL, "json", ("push", "pull_request"), 401)


def test_stored_credentials_are_replaced_only_after_a_question(
    github: GithubServer, person: Person, stack: StackOnMoto
) -> None:
    stack.secrets.create_secret(Name=SECRET, SecretString=github.token)
    refused = run("github-app", "--open")
    assert refused.exit_code == 2
    assert f"Replace the credentials in {SECRET}?" in refused.stderr
    assert "use --yes" in refused.stderr
    assert stack.value(SECRET) == github.token

    assert run("github-app", "--open", "--yes").exit_code == 0
    assert json.loads(stack.value(SECRET) or "")["app_id"] == github.api.app.app_id
    assert run("github-app", "--new", "--open").exit_code == 2
    assert len(person.codes) == 1
    assert run("github-app", "--new", "--open", "--yes").exit_code == 0
    assert len(person.codes) == 2


def test_a_key_that_github_does_not_accept_is_named(github: GithubServer, stack: StackOnMoto) -> None:
    run("github-app", "--open")
    github.api.app.app_id += 1
    done = run("github-app")
    assert done.exit_code == 2
    assert "GitHub does not accept the stored key of App" in done.stderr
    assert "--new" in done.stderr


def test_a_key_that_cannot_be_stored_is_not_lost_silently(
    github: GithubServer, person: Person, stack: StackOnMoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: str) -> None:
        raise Misconfigured(f"storing the secret {SECRET}: AccessDeniedException")

    monkeypatch.setattr(ControlStack, "store_secret", deny)
    done = run("github-app", "--open")
    assert done.exit_code == 1
    assert "is registered, but its key could not be stored" in done.stderr
    assert "Delete the App on GitHub" in done.stderr
    for canary in canaries(github, person, stack):
        assert canary not in done.output


def test_without_a_stack_there_is_nothing_to_register_for() -> None:
    done = run("github-app", "--stack", "missing")
    assert done.exit_code == 4
    assert "there is no stack 'missing' in us-east-1: run `pointsman deploy` first" in done.stderr


def test_without_pointsman_toml_the_parameter_is_named(stack: StackOnMoto) -> None:
    done = run("github-app", "--open", "--config", "none.toml", "--stack", "stack", "--region", "us-east-1")
    assert done.exit_code == 0, done.output
    assert f"Next: set GithubApiSecretName to {SECRET} in pointsman.toml or samconfig.toml, and deploy." in done.stderr
    assert not Path("none.toml").exists()
