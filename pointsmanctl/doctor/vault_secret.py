"""The secret with the Ansible Vault password. Its value is not read."""

from collections.abc import Iterator

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "vault"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the secret that the worker stack names."""
    link, name = Link(NAME, target.name), target.parameter("VaultSecretName")
    if not name:
        yield link.skipped("no vault password is configured")
        return
    client = target.client("secretsmanager")
    try:
        secret = client.describe_secret(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        yield judge(link, name, exists=False)
        return
    yield judge(
        link, name, exists=True, deleted="DeletedDate" in secret, has_value=bool(secret.get("VersionIdsToStages"))
    )


def judge(link: Link, name: str, *, exists: bool, deleted: bool = False, has_value: bool = True) -> CheckResult:
    """Judge the secret."""
    if not exists:
        return link.broken(
            f"there is no secret {name}", f"aws secretsmanager create-secret --name {name}, or empty VaultSecretName"
        )
    if deleted:
        return link.broken(
            f"secret {name} is scheduled for deletion", f"aws secretsmanager restore-secret --secret-id {name}"
        )
    if not has_value:
        return link.broken(f"secret {name} has no value", f"aws secretsmanager put-secret-value --secret-id {name}")
    return link.ok(f"secret {name} has a value")
