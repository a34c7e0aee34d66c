"""GitHub: a webhook leads here, and its last deliveries were accepted."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsmanctl.apps.github_api import AppCredentials, AppWebhook, GithubApps
from pointsmanctl.apps.github_app import PARAMETER, read_stored_app
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link
from pointsmanctl.doctor.secret_values import read_secret
from pointsmanctl.errors import InvalidInput

LINK = Link("github", CONTROL)
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
DAYS = 7
_SECONDS = 10.0
_PATTERNS = frozenset("*?+[]!")


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Check the App's webhook, or that of each repository where a token allows it, and what has arrived."""
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    url = control.output("WebhookUrl")
    if of_app := _app_webhook(control, url):
        yield of_app
    elif token:
        for repository in _repositories(control):
            yield from _webhook(control.parameter("GithubApiUrl"), token, repository, url)
    else:
        yield LINK.skipped(
            "the webhooks cannot be read without a token",
            f"set {TOKENS[0]} to a token that may read webhooks (repository administration)",
        )
    yield judge_deliveries(_newest_delivery(control), url)


def _stored_app(control: ControlContext) -> AppCredentials | None:
    name = control.parameter(PARAMETER)
    return read_stored_app(read_secret(control, name)).credentials if name else None


def _app_webhook(control: ControlContext, url: str) -> CheckResult | None:
    """Check the App's webhook; None without an App, or if it has none."""
    app = _stored_app(control)
    if app is None:
        return None
    try:
        hook = GithubApps(control.parameter("GithubApiUrl")).webhook(app)
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


def _webhook(api: str, token: str, repository: str, url: str) -> Iterator[CheckResult]:
    hooks = _get(f"{api}/repos/{repository}/hooks?per_page=100", token)
    if hooks is None:
        yield LINK.skipped(
            f"the webhooks of {repository} cannot be read", "use a token that may read them, or a GitHub App's own page"
        )
        return
    yield judge_webhooks(repository, hooks, url)


def _get(url: str, token: str) -> Any:
    """Return the JSON of an answer with status 200; None for any other."""
    import urllib3

    try:
        answer = urllib3.PoolManager().request(
            "GET",
            url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
            timeout=_SECONDS,
            retries=False,
        )
        return json.loads(answer.data) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError):
        return None


def judge_webhooks(repository: str, hooks: Sequence[Mapping[str, Any]], url: str) -> CheckResult:
    """Judge the webhook of a repository that leads to the receiver."""
    ours = [hook for hook in hooks if hook.get("config", {}).get("url") == url]
    settings = f"https://github.com/{repository}/settings/hooks"
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
    from pointsmanctl.stack.trail_query import TrailQuery, run_query

    now = datetime.now(UTC)
    query = TrailQuery(now - timedelta(days=DAYS), now + timedelta(minutes=5), types=("DeliveryDecided",), limit=1)
    events = run_query(control.client("dynamodb"), control.output("AuditTableName"), query)
    return events[-1].at if events else None


def judge_deliveries(newest: datetime | None, url: str) -> CheckResult:
    """Judge the newest delivery in the trail."""
    if newest:
        return LINK.ok(f"the newest delivery with a decision is of {newest:%Y-%m-%d %H:%M} UTC")
    return LINK.warning(
        f"no delivery with a decision arrived in the last {DAYS} days",
        "if GitHub is not connected yet, run `pointsman github-app`, or add a webhook; if there were pushes, look at "
        f"Recent Deliveries of the App or of the webhook to {url} on GitHub",
    )
