"""The connection to GitHub by which a private repository is cloned."""

from collections.abc import Iterator

from pointsman.core.github_host import GithubHost
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext
from pointsmanctl.stack.github import github_host

NAME = "connection"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the connection that the worker stack uses."""
    link, arn = Link(NAME, target.name), target.parameter("ConnectionArn")
    if not arn:
        yield link.skipped("no connection: the repository must be public")
        return
    client = target.client("codeconnections")
    try:
        connection = client.get_connection(ConnectionArn=arn)["Connection"]
        yield judge(link, arn, connection["ConnectionStatus"])
        yield from judge_provider(link, arn, connection["ProviderType"], github_host(target.control.state.parameters))
    except client.exceptions.ResourceNotFoundException:
        yield judge(link, arn, None)


def judge(link: Link, arn: str, status: str | None) -> CheckResult:
    """Judge the status of a connection; None if it does not exist."""
    name = arn.rpartition("/")[2]
    if status is None:
        return link.broken(
            f"there is no connection {name}",
            "create one in the console (Developer Tools, Connections), and set ConnectionArn",
        )
    if status == "PENDING":
        return link.broken(
            f"connection {name} is PENDING",
            "complete its handshake in the console: Developer Tools, Connections, Update pending",
        )
    if status != "AVAILABLE":
        return link.broken(f"connection {name} is in {status}", "open it in the console: Developer Tools, Connections")
    return link.ok(f"connection {name} is AVAILABLE")


def judge_provider(link: Link, arn: str, provider: str, host: GithubHost) -> Iterator[CheckResult]:
    """Judge whether a connection leads to the kind of GitHub that the control stack serves.

    AWS does not document which of both kinds GHE.com needs, so it may have either.
    """
    expected = {"GitHub"} if host.is_github_com else {"GitHubEnterpriseServer"}
    if host.is_ghe_com:
        expected = {"GitHub", "GitHubEnterpriseServer"}
    if provider not in expected:
        yield link.broken(
            f"connection {arn.rpartition('/')[2]} leads to {provider}, but the control stack serves {host.name}",
            "create a connection to that GitHub in the console (Developer Tools, Connections), and set ConnectionArn",
        )
