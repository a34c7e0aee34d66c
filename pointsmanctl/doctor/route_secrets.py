"""The secrets that routes.yaml names for a target: builds may read them, and they exist. No value is read."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pointsman.core.routes.model import Routes
from pointsman.core.run_options import merge_options
from pointsmanctl.doctor.build_secrets import described
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "secrets"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check every secret and SSM parameter that a route names for the target."""
    link, routes = Link(NAME, target.name), target.control.installation.routes
    secrets, parameters = named_for(routes, target.name)
    if not secrets and not parameters:
        yield link.skipped("no route names a secret for this target")
    allowed = target.parameter("SecretNames").split(",")
    for name in secrets:
        # What builds may not read is not asked for: nor may a reader.
        exists = not _is_allowed(name, allowed) or _secret_exists(target.client("secretsmanager"), name)
        yield judge(link, "secret", name, allowed, "SecretNames", exists=exists)
    allowed = target.parameter("ParameterNames").split(",")
    for name in parameters:
        exists = _parameter_exists(target.client("ssm"), name)
        yield judge(link, "SSM parameter", f"/{name.lstrip('/')}", allowed, "ParameterNames", exists=exists)


def named_for(routes: Routes, target_name: str) -> tuple[list[str], list[str]]:
    """Return the secrets and the SSM parameters that routes name for a target, each once."""
    secrets, parameters = dict[str, None](), dict[str, None]()
    for route in routes.routes:
        for target in routes.targets_of(route):
            options = merge_options(route.run_options(), target.options)
            if target.name != target_name or options is None:
                continue
            secrets |= dict.fromkeys(each.secret for each in options.vault or ())
            for location in (options.secrets or {}).values():
                secrets |= {location.secret: None} if location.secret else {}
                parameters |= {location.parameter: None} if location.parameter else {}
    return list(secrets), list(parameters)


def judge(link: Link, kind: str, name: str, allowed: Sequence[str], setting: str, *, exists: bool) -> CheckResult:
    """Judge one secret: a build must be allowed to read it, and it must exist."""
    if not _is_allowed(name, allowed):
        return link.broken(
            f"builds may not read the {kind} {name}, which a route names",
            f"add it to {setting} below [workers.parameters] in pointsman.toml, and deploy",
        )
    if not exists:
        return link.broken(f"there is no {kind} {name}, which a route names", "create it in this account and region")
    return link.ok(f"builds may read the {kind} {name}")


def _is_allowed(name: str, allowed: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in allowed if pattern)


def _secret_exists(secretsmanager: Any, name: str) -> bool:
    secret = described(secretsmanager, name)
    return secret is not None and "DeletedDate" not in secret


def _parameter_exists(ssm: Any, name: str) -> bool:
    filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    return bool(ssm.describe_parameters(ParameterFilters=filters)["Parameters"])
