"""GitHub: a webhook leads here, and its last deliveries were accepted."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsmanctl.apps.github_api import AppCredentials, AppWebhook, GithubApps, call_github
from pointsmanctl.apps.github_app import PARAMETER, read_stored_app
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.denied import is_denied
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link
from pointsmanctl.doctor.secret_values import read_secret
from pointsmanctl.errors import CloudUnavailable, InvalidInput
from pointsmanctl.stack.github import github_api_url, github_host

LINK = Link("github", CONTROL)
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
DAYS = 7
_PATTERNS = frozenset("*?+[]!")


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Check the App's webhook, or that of each repository where a token allows it, and what has arrived."""
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    url = control.output("WebhookUrl")
    yield from _webhooks(control, token, url)
    yield judge_deliveries(_newest_delivery(control), url)


def _webhooks(control: ControlContext, token: str, url: str) -> Iterator[CheckResult]:
    from botocore.exceptions import ClientError

    try:
        of_app = _app_webhook(control, url)
    except ClientError as error:
        if not is_denied(error):
            raise
        yield LINK.skipped("these credentials may not read the secret of the GitHub App", "see docs/access.md")
        return
    if of_app:
        yield of_app
    elif token:
        for repository in _repositories(control):
            yield from _webhook(control, token, repository)
    else:
        yield LINK.skipped(
            "the webhooks cannot be read without a token",
            f"set {TOKENS[0]} to a token that may read webhooks (repository administration)",
        )


def _stored_app(control: ControlContext) -> AppCredentials | None:
    name = control.parameter(PARAMETER)
    return read_stored_app(read_secret(control, name)).credentials if name else None


def _app_webhook(control: ControlContext, url: str) -> CheckResult | None:
    """Check the App's webhook; None without an App, or if it has none."""
    app = _stored_app(control)
    if app is None:
        return None
    try:
        hook = GithubApps(github_api_url(control.state.parameters)).webhook(app)
    except InvalidInput as error:
        return LINK.broken(str(error), "register another App: `pointsman github-app --new`")
    return judge_app_webhook(hook, url) if hook.url else None


def judge_app_webhook(hook: AppWebhook, url: str) -> CheckResult:
    """Judge the webhook of the GitHub App, which serves every repository that it is installed on."""
    again = "run `pointsman github-app`, which sets it"
    if hook.url != url:
        return LINK.broken(f"the GitHub App sends its events to {hook.url} instead of {url}", again)
    if hook.content_type != "json":
        return LINK.broken("the GitHub App does not send JSON", again)
    if "push" not in hook.events:
        return LINK.broken("the GitHub App does not subscribe to pushes", "select them on the App's page on GitHub")
    if hook.last_status and not 200 <= hook.last_status < 300:
        return LINK.broken(
            f"the last delivery of the GitHub App was answered with {hook.last_status}",
            "with 401, run `pointsman github-app`; docs/operations.md has the other codes",
        )
    return LINK.ok("the webhook of the GitHub App works")


def _repositories(control: ControlContext) -> list[str]:
    routes = control.installation.routes.routes
    names = (name for route in routes for name in route.repository if not _PATTERNS & set(name))
    return list(dict.fromkeys(names))


def _webhook(control: ControlContext, token: str, repository: str) -> Iterator[CheckResult]:
    parameters = control.state.parameters
    hooks = _get(f"{github_api_url(parameters)}/repos/{repository}/hooks?per_page=100", token)
    if hooks is None:
        yield LINK.skipped(
            f"the webhooks of {repository} cannot be read", "use a token that may read them, or a GitHub App's own page"
        )
        return
    yield judge_webhooks(repository, hooks, control.output("WebhookUrl"), github_host(parameters))


def _get(url: str, token: str) -> Any:
    """Return the JSON of an answer with status 200; None for any other."""
    try:
        answer = call_github("GET", url, token)
    except CloudUnavailable:
        return None
    return answer.body if answer.status == 200 else None


def judge_webhooks(
    repository: str, hooks: Sequence[Mapping[str, Any]], url: str, host: GithubHost = GITHUB_COM
) -> CheckResult:
    """Judge the webhook of a repository that leads to the receiver."""
    ours = [hook for hook in hooks if hook.get("config", {}).get("url") == url]
    settings = f"{host.page(repository)}/settings/hooks"
    if not ours:
        return LINK.broken(
            f"{repository} has no webhook to {url}",
            f"add it at {settings}, unless a GitHub App or the organization has it",
        )
    hook = ours[0]
    if len(ours) > 1:
        return LINK.warning(f"{repository} has {len(ours)} webhooks to {url}", f"delete all but one at {settings}")
    if not hook.get("active"):
        return LINK.broken(f"the webhook of {repository} is not active", f"activate it at {settings}")
    if hook["config"].get("content_type") != "json":
        return LINK.broken(f"the webhook of {repository} does not send JSON", f"set application/json at {settings}")
    if not {"push", "*"} & set(hook.get("events", [])):
        return LINK.broken(f"the webhook of {repository} does not send pushes", f"select pushes at {settings}")
    code = (hook.get("last_response") or {}).get("code")
    if code and not 200 <= code < 300:
        return LINK.broken(
            f"the last delivery of {repository} was answered with {code}",
            "with 401, enter the webhook's secret there; docs/operations.md has the other codes",
        )
    return LINK.ok(f"the webhook of {repository} works")


def _newest_delivery(control: ControlContext) -> datetime | None:
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.trail_query import TrailReader

    reader = TrailReader(control.client("dynamodb"), control.output("AuditTableName"), control.output("IndexTableName"))
    query = IndexQuery(since=datetime.now(UTC) - timedelta(days=DAYS), types=("DeliveryDecided",))
    return next((each.entry.at for each in reader.find(query)), None)


def judge_deliveries(newest: datetime | None, url: str) -> CheckResult:
    """Judge the newest delivery in the trail."""
    if newest:
        return LINK.ok(f"the newest delivery with a decision is of {newest:%Y-%m-%d %H:%M} UTC")
    return LINK.warning(
        f"no delivery with a decision arrived in the last {DAYS} days",
        "if GitHub is not connected yet, run `pointsman github-app`, or add a webhook; if there were pushes, look at "
        f"Recent Deliveries of the App or of the webhook to {url} on GitHub",
    )
