"""Asks what nobody can guess, and checks each answer at once, against AWS where AWS can tell."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from pointsmanctl.errors import CommandError, InvalidInput
from pointsmanctl.setup import checks
from pointsmanctl.setup.answers import Answers, WorkerAccount

FALLBACK_REGION = "us-east-1"

type AccountId = Callable[[str | None, str], str]
"""(AWS profile, region) to the id of its account. Raises CommandError."""


class Prompt(Protocol):
    """How a question is answered."""

    def ask[T](self, question: str, option: str, default: str, check: Callable[[str], T]) -> T:
        """Return the checked answer. Raises InvalidInput if there is none."""

    def note(self, text: str) -> None:
        """Show what an answer led to."""


class Questions:
    """All questions of `init`. What is present, in files or options, is the default of its question."""

    def __init__(self, prompt: Prompt, account_id: AccountId, present: Answers) -> None:
        self._prompt, self._account_id, self._present = prompt, account_id, present

    def answers(self, *, more_accounts: bool = True) -> Answers:
        """Ask everything. `more_accounts`: ask for accounts beside those that are present."""
        ask, present = self._prompt.ask, self._present
        region = ask(
            "Region of the control stack", "--region", present.control_region or FALLBACK_REGION, checks.region
        )
        profile, number = self._profile(
            "AWS profile of the control account (empty: the default one)", "--profile", present.control_profile
        )
        self._prompt.note(f"The control stack goes to account {number}, {region}.")
        accounts = self._accounts(profile, more=more_accounts)
        regions = ask(
            "Regions with hosts, separated by commas", "--regions", ",".join(present.regions) or region, checks.regions
        )
        github_url, repository = ask(
            "Repository: owner/name on GitHub, or its URL on GitHub Enterprise",
            "--repository",
            present.repository_address,
            checks.repository,
        )
        return replace(
            present,
            control_profile=profile,
            control_region=region,
            accounts=accounts,
            regions=regions,
            github_url=github_url or present.github_url,
            repository=repository,
            branch=self._branch(),
            playbook=self._playbook(),
            slack_channel=ask(
                "Id of the Slack channel", "--slack-channel", present.slack_channel, checks.slack_channel
            ),
        )

    def _branch(self) -> str:
        """Ask for the branch of the first route; a file that exists has its own."""
        if self._present.routes_exist:
            return ""
        default = self._present.branch or "main"
        return self._prompt.ask("Branch that is applied", "--branch", default, checks.branch)

    def _playbook(self) -> str:
        """Ask for the playbook of the first route; a file that exists has its own."""
        if self._present.routes_exist:
            return ""
        default = self._present.playbook or "site.yml"
        return self._prompt.ask("Playbook, a path in the repository", "--playbook", default, checks.playbook)

    def _accounts(self, control_profile: str | None, *, more: bool) -> dict[str, WorkerAccount]:
        accounts = {name: self._account(name, control_profile) for name in self._present.accounts}
        while more and (name := self._next_name(accounts)):
            accounts[name] = self._account(name, control_profile)
        if not accounts:
            raise InvalidInput("name at least one account with hosts: --account NAME=PROFILE")
        return accounts

    def _next_name(self, accounts: Mapping[str, WorkerAccount]) -> str:
        question = f"Name of {'another' if accounts else 'an'} account with hosts (empty: no more)"
        default = "" if accounts else "dev"
        return self._prompt.ask(question, "--account", default, lambda text: checks.account_name(text) if text else "")

    def _account(self, name: str, control_profile: str | None) -> WorkerAccount:
        present = self._present.accounts.get(name, WorkerAccount(""))
        suggested = present.profile or self._suggested_profile(name, control_profile)
        profile, number = self._profile(f"AWS profile of {name}", "--account", suggested)
        connection = self._prompt.ask(
            f"Connection to GitHub in {name}: its ARN (empty for a public repository)",
            "--connection",
            present.connection,
            checks.connection,
        )
        self._prompt.note(f"{name} is account {number}.")
        return replace(present, id=number, profile=profile, connection=connection)

    def _suggested_profile(self, account: str, control_profile: str | None) -> str | None:
        """Return the profile with the account's name, or that of the control account if there is none."""
        try:
            self._account_id(account, self._present.control_region or FALLBACK_REGION)
        except CommandError:
            return control_profile
        return account

    def _profile(self, question: str, option: str, present: str | None) -> tuple[str | None, str]:
        """Ask for a profile; it and the id of its account. An empty profile leaves the choice to the AWS SDK."""

        def check(text: str) -> tuple[str | None, str]:
            profile = text or None
            try:
                return profile, self._account_id(profile, self._present.control_region or FALLBACK_REGION)
            except CommandError as error:
                raise InvalidInput(str(error)) from error

        return self._prompt.ask(question, option, present or "", check)
