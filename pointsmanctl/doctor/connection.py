"""The connection to GitHub by which a private repository is cloned."""

from collections.abc import Iterator

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "connection"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the connection that the worker stack uses."""
    link, arn = Link(NAME, target.name), target.parameter("ConnectionArn")
    if not arn:
        yield link.skipped("no connection: the repository must be public")
        return
    client = target.client("codeconnections")
    try:
        yield judge(link, arn, client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"])
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
