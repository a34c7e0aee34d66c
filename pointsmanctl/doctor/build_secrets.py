"""The secrets that the worker stack lets builds read, such as vault passwords. Their values are not read."""

from collections.abc import Iterator, Mapping
from typing import Any

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "build secrets"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check each secret that the worker stack lists by its whole name."""
    link = Link(NAME, target.name)
    names = [name for name in target.parameter("SecretNames").split(",") if name and not name.endswith("*")]
    if not names:
        yield link.skipped("the worker stack lists no secret by its whole name")
        return
    client = target.client("secretsmanager")
    for name in names:
        secret = described(client, name)
        if secret is None:
            yield judge(link, name, exists=False)
            continue
        yield judge(
            link, name, exists=True, deleted="DeletedDate" in secret, has_value=bool(secret.get("VersionIdsToStages"))
        )


def described(secretsmanager: Any, name: str) -> Mapping[str, Any] | None:
    """Return what Secrets Manager tells of a secret, without its value; None if there is none. Raises ClientError."""
    try:
        secret: Mapping[str, Any] = secretsmanager.describe_secret(SecretId=name)
    except secretsmanager.exceptions.ResourceNotFoundException:
        return None
    return secret


def judge(link: Link, name: str, *, exists: bool, deleted: bool = False, has_value: bool = True) -> CheckResult:
    """Judge the secret."""
    if not exists:
        return link.broken(
            f"there is no secret {name}",
            f"aws secretsmanager create-secret --name {name}, or remove it from SecretNames",
        )
    if deleted:
        return link.broken(
            f"secret {name} is scheduled for deletion", f"aws secretsmanager restore-secret --secret-id {name}"
        )
    if not has_value:
        return link.broken(f"secret {name} has no value", f"aws secretsmanager put-secret-value --secret-id {name}")
    return link.ok(f"secret {name} has a value")
