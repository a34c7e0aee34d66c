"""`pointsman init`: routes.yaml and pointsman.toml, from a few answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import InvalidInput

if TYPE_CHECKING:
    from pointsmanctl.setup.answers import Answers


def init(
    profile: Annotated[str | None, typer.Option(help="AWS profile of the control account.")] = None,
    region: Annotated[str | None, typer.Option(help="Region of the control stack.")] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="An account with hosts, as NAME=PROFILE. Can be repeated.")
    ] = None,
    connection: Annotated[
        list[str] | None,
        typer.Option(help="Connection of an account to GitHub, as NAME=ARN. Only for a private repository."),
    ] = None,
    regions: Annotated[str | None, typer.Option(help="Regions with hosts, separated by commas.")] = None,
    repository: Annotated[
        str | None, typer.Option(help="Repository with the playbooks: owner/name, or its URL.")
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Branch whose pushes are applied.", show_default="main")] = None,
    playbook: Annotated[str | None, typer.Option(help="Playbook that they run.", show_default="site.yml")] = None,
    slack_channel: Annotated[str | None, typer.Option(help="Id of the Slack channel, such as C0123456789.")] = None,
    image: Annotated[
        bool, typer.Option("--image", help="Run builds in an image with Ansible, which `deploy` builds.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: options, then what the files have.")] = False,
    routes: Annotated[Path, typer.Option(help="The routes file to write.")] = Path("routes.yaml"),
    config: Annotated[Path, typer.Option(help="The settings file to write.")] = Path("pointsman.toml"),
) -> None:
    """Write routes.yaml and pointsman.toml from a few answers, each checked at once.

    Can be repeated: answers in the files are the defaults, and what you wrote by hand stays. Nothing secret is written.
    """
    from pointsmanctl.output.messages import note
    from pointsmanctl.setup.answers import present_answers
    from pointsmanctl.setup.external_id import external_id_of
    from pointsmanctl.setup.files import write_files
    from pointsmanctl.setup.lambda_quota import may_reserve
    from pointsmanctl.setup.questions import Questions

    profiles, connections = _pairs("--account", account), _pairs("--connection", connection)
    present = present_answers(routes, config)
    present = replace(
        present,
        control_profile=profile or present.control_profile,
        control_region=region or present.control_region or _own_region(),
        regions=tuple(regions.split(",")) if regions else present.regions,
        branch=branch or "",
        playbook=playbook or "",
        slack_channel=slack_channel or present.slack_channel,
        run_image=image or present.run_image,
    )
    present = _with_accounts(_with_repository(present, repository), profiles, connections)
    answers = Questions(_prompt(yes=yes), _account_id, present).answers(more_accounts=not (profiles or yes))
    if not may_reserve(answers):
        answers = replace(answers, reserves_concurrency=False)
        note("The control account's Lambda quota is below 120, so webhook_receiver gets no reserved concurrency.")
    changed = write_files(routes, config, answers, lambda: external_id_of(answers))
    note(f"Wrote {' and '.join(map(str, changed))}." if changed else "Nothing to write: the files have these answers.")
    note("Next: `pointsman routes check`, then `pointsman deploy`.")


def _own_region() -> str:
    """Return the region that the AWS SDK uses; empty if it has none."""
    import boto3
    from botocore.exceptions import BotoCoreError

    from pointsmanctl.stack.settings import region_of_environment

    try:
        return region_of_environment() or boto3.Session().region_name or ""
    except BotoCoreError:  # such as an AWS_PROFILE that does not exist
        return ""


def _pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Return NAME=VALUE as name to value."""
    from pointsmanctl.setup import checks

    pairs: dict[str, str] = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidInput(f"{option} {text!r} is not NAME=VALUE, such as dev=my-profile")
        pairs[checks.account_name(name)] = value
    return pairs


def _with_repository(present: "Answers", text: str | None) -> "Answers":
    from pointsmanctl.setup import checks

    if not text:
        return present
    github_url, repository = checks.repository(text)
    return replace(present, github_url=github_url or present.github_url, repository=repository)


def _with_accounts(present: "Answers", profiles: dict[str, str], connections: dict[str, str]) -> "Answers":
    from pointsmanctl.setup.answers import WorkerAccount

    accounts = {
        name: present.accounts.get(name, WorkerAccount("")) for name in dict.fromkeys([*present.accounts, *profiles])
    }
    if unknown := set(connections) - set(accounts):
        raise InvalidInput(f"--connection: there is no account {', '.join(sorted(unknown))}")
    return replace(
        present,
        accounts={
            name: replace(
                each, profile=profiles.get(name, each.profile), connection=connections.get(name, each.connection)
            )
            for name, each in accounts.items()
        },
    )


def _account_id(profile: str | None, region: str) -> str:
    from pointsmanctl.deployment.accounts import ProfileAccounts, caller_account

    name = profile or "default"
    return caller_account(ProfileAccounts({name: profile}), name, region)


def _prompt(*, yes: bool) -> "TerminalPrompt | DefaultPrompt":
    import sys

    if yes:
        return DefaultPrompt()
    if not sys.stdin.isatty():
        raise InvalidInput("there is no terminal to ask on: give the answers as options, with --yes")
    return TerminalPrompt()


class TerminalPrompt:
    """Asks on the terminal, and again after an answer that is not valid."""

    def ask[T](self, question: str, option: str, default: str, check: Callable[[str], T]) -> T:
        """Return the checked answer."""

        def checked(text: str) -> T:
            try:
                return check(text)
            except InvalidInput as error:
                raise typer.BadParameter(str(error)) from error

        answer: T = typer.prompt(question, default=default, value_proc=checked, show_default=bool(default))
        return answer

    def note(self, text: str) -> None:
        """Print what an answer led to."""
        from pointsmanctl.output.messages import note

        note(text)


class DefaultPrompt:
    """Takes the defaults: options, then what the files have."""

    def ask[T](self, question: str, option: str, default: str, check: Callable[[str], T]) -> T:
        """Return the checked default. Raises InvalidInput with the option to use."""
        try:
            return check(default)
        except InvalidInput as error:
            raise InvalidInput(f"{question}: {error}. Use {option}") from error

    def note(self, text: str) -> None:
        """Print nothing."""
