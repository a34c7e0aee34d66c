"""Checks of single answers. Each returns the answer, or raises InvalidInput with what is wrong and what to do."""

import re

from pointsman.core.github_host import GithubHost
from pointsmanctl.errors import InvalidInput

_ACCOUNT_NAME = r"[a-z][a-z0-9-]{0,31}"
_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
_REPOSITORY = r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"
_ADDRESS = r"(https://|(ssh://)?git@)(?P<host>[^/:@\s]+(:[0-9]+(?=/))?)[/:](?P<path>.+)"
_CHANNEL = r"[CG][A-Z0-9]{8,20}"
_CONNECTION = r"(arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/.+)?"
_BRANCH = r"[^\s~^:?*\[\\!]+"
_PLAYBOOK = r"(?!.*\.\./)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\.ya?ml"


def account_name(text: str) -> str:
    """Check the name of an account."""
    return _check(text, _ACCOUNT_NAME, "a lower case letter, then up to 31 letters, digits and hyphens, such as dev")


def region(text: str) -> str:
    """Check an AWS region: its form, and that the AWS SDK has it."""
    import boto3

    _check(text, _REGION, "an AWS region, such as eu-west-1")
    known = {
        name
        for partition in boto3.Session().get_available_partitions()
        for name in boto3.Session().get_available_regions("codebuild", partition)
    }
    if text not in known:
        raise InvalidInput(f"{text!r} is not a region in which AWS offers CodeBuild")
    return text


def regions(text: str) -> tuple[str, ...]:
    """Check a list of regions, separated by commas or spaces."""
    names = tuple(dict.fromkeys(region(each) for each in re.split(r"[,\s]+", text.strip()) if each))
    if not names:
        raise InvalidInput("name at least one region, such as eu-west-1")
    return names


def repository(text: str) -> tuple[str, str]:
    """Check a repository: owner/name, or an address from which it is cloned.

    Returns the URL of its GitHub, empty if the text does not say it, and owner/name.
    """
    address = re.fullmatch(_ADDRESS, text.strip(), re.IGNORECASE)
    short = re.sub(r"(\.git)?/?$", "", address["path"] if address else text.strip())
    name = _check(short, _REPOSITORY, "owner/name on GitHub, such as acme/infra, or the URL of a repository")
    if not address:
        return "", name
    try:
        return GithubHost(f"https://{address['host'].lower()}").url, name
    except ValueError as error:
        raise InvalidInput(f"{text!r}: GitHub's address {error}") from error


def branch(text: str) -> str:
    """Check the name of a branch."""
    return _check(text, _BRANCH, "the name of a branch, such as main")


def playbook(text: str) -> str:
    """Check the path of a playbook."""
    return _check(text, _PLAYBOOK, "the path of a playbook, such as site.yml")


def slack_channel(text: str) -> str:
    """Check the id of a Slack channel."""
    return _check(
        text, _CHANNEL, "the id of a Slack channel, such as C0123456789: it is at the end of the channel's details"
    )


def connection(text: str) -> str:
    """Check the ARN of a connection to GitHub, which may be empty."""
    return _check(
        text, _CONNECTION, "the ARN of a connection to GitHub: create one in the console, Developer Tools, Connections"
    )


def _check(text: str, pattern: str, description: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise InvalidInput(f"{text!r} is not {description}")
    return text
