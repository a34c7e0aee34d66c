"""The functions: their alias `live`, which everything calls, has the newest code and settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link

NAME = "functions"
ALIAS = "live"
FUNCTIONS = (
    "webhook-receiver",
    "start-build",
    "command-receiver",
    "audit-writer",
    "audit-indexer",
    "audit-archiver",
    "notify",
)
_SETTINGS = ("CodeSha256", "Environment", "Layers", "MemorySize", "Role", "Timeout")
_DEPLOY = "run `pointsman deploy`"


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Check the alias of each function."""
    link, client = Link(NAME, CONTROL), control.client("lambda")
    for function in FUNCTIONS:
        name = f"{control.stack_name}-{function}"
        try:
            alias = client.get_alias(FunctionName=name, Name=ALIAS)
            live = client.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
            newest = client.get_function_configuration(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            yield link.broken(f"{name} has no alias {ALIAS}", _DEPLOY)
            continue
        yield judge(link, name, alias, live, newest)


def judge(
    link: Link, name: str, alias: Mapping[str, Any], live: Mapping[str, Any], newest: Mapping[str, Any]
) -> CheckResult:
    """Judge whether a function's live version is its newest state."""
    version = alias["FunctionVersion"]
    if weights := (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        coming = ", ".join(f"version {each} has {weight:.0%} of the calls" for each, weight in weights.items())
        return link.warning(f"{name} is being deployed: {coming}", "wait for the end of the deployment")
    different = [each for each in _SETTINGS if _plain(live.get(each)) != _plain(newest.get(each))]
    if different:
        return link.broken(
            f"the live version {version} of {name} is not the newest: {', '.join(different)} differ",
            f"{_DEPLOY}; after `sam deploy` with other parameters, see docs/operations.md: Deploy by hand",
        )
    return link.ok(f"{name} is live in its newest version {version}")


def _plain(setting: Any) -> Any:
    """Return a setting without what only Lambda adds, such as the size of a layer."""
    return [each["Arn"] for each in setting] if isinstance(setting, list) else setting
