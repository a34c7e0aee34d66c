"""The variables of the functions, of a build, and of the operator's command."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from functions.audit_archiver.settings import AuditArchiverSettings
from functions.audit_indexer.settings import AuditIndexerSettings
from functions.audit_reporter.settings import AuditReporterSettings
from functions.audit_writer.settings import AuditWriterSettings
from functions.command_receiver.settings import CommandReceiverSettings
from functions.notify.settings import NotifySettings
from functions.start_build.settings import StartBuildSettings
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.config import Settings
from pointsmanctl.deployment.template import read_template
from tools.markdown import code, page, table
from tools.reference.comments import field_comments
from tools.reference.stacks import ROOT

FUNCTIONS: Final[Mapping[str, type[Settings]]] = {
    "WebhookReceiver": WebhookReceiverSettings,
    "StartBuild": StartBuildSettings,
    "CommandReceiver": CommandReceiverSettings,
    "AuditWriter": AuditWriterSettings,
    "AuditIndexer": AuditIndexerSettings,
    "AuditArchiver": AuditArchiverSettings,
    "AuditReporter": AuditReporterSettings,
    "Notify": NotifySettings,
}
BUILD: Final = {
    "POINTSMAN_ROLLOUT": "The rollout's id, such as `r-3f2a9c0d1e2b4a56`; empty if somebody starts a build by hand.",
    "POINTSMAN_TARGET": "The target, `account/region`.",
    "POINTSMAN_ATTEMPT": "The number of the attempt, from 1.",
    "POINTSMAN_MODE": "`apply` or `check`.",
    "POINTSMAN_PLAYBOOK": "The playbook, a path below the route's `directory`. Empty: `site.yml`.",
    "POINTSMAN_LIMIT": "The host pattern of the target or the route.",
    "POINTSMAN_TAGS": "Tags of Ansible, separated by commas.",
    "POINTSMAN_EXTRA_VARS": "A JSON object with the route's `extra_vars`.",
    "POINTSMAN_OPTIONS": "A JSON object with the route's other options; secrets by name, never by value.",
    "POINTSMAN_INSTANCES": "Ids of the new instances that the run is for, separated by commas. Without it, every host.",
    "POINTSMAN_RUNNER_LAYER": "ARN of the layer version with the runner, which the build fetches first.",
    "POINTSMAN_BUS": "ARN of the control stack's bus, which takes the host results.",
    "POINTSMAN_BUCKET": "Bucket for the files that Ansible copies to instances.",
    "POINTSMAN_EVENT_SOURCE": "Source of the events: `pointsman.check` in checks, otherwise `pointsman.ansible`.",
    "POINTSMAN_SESSION_DOCUMENT": "Session document with which a check enters hosts, as `CheckHostUser`.",
    "POINTSMAN_TIMEOUT_MINUTES": "The build's time-out. The runner ends Ansible shortly before it.",
    "POINTSMAN_ACCOUNT_NAME": "This account's name in `routes.yaml`.",
}
# What each command of the operator reads, beside the options that have a variable.
COMMAND: Final = {
    "POINTSMAN_STACK": "Name of the control stack, as `--stack`.",
    "POINTSMAN_REGION": "Region of the control stack, as `--region`.",
    "POINTSMAN_LOCALCLOUD": "State directory of the local cloud. Default: `.localcloud/up` of the checkout.",
    "POINTSMAN_ROUTES": "`sam build` by hand: the routes file. Default: `routes.yaml`.",
    "POINTSMAN_ARCHITECTURE": "`sam build` by hand: `arm64` (the default) or `x86_64`, as in the stack.",
    "POINTSMAN_RELEASE": "`sam build` by hand: another text is another version of every function.",
    "AWS_PROFILE, AWS_REGION and all others of the AWS SDK": "Credentials and region, where `pointsman.toml` has none.",
    "GITHUB_TOKEN, GH_TOKEN": "`doctor` without a GitHub App: a token that may read webhooks.",
    "PAGER, NO_COLOR": "How answers are shown on a terminal.",
    "XDG_CONFIG_HOME": "The directory of `pointsman/config.toml`. Default: `~/.config`.",
}
INTRODUCTION = """\
Nothing in a variable is secret: functions and builds get the *names* of secrets and read their values at run time.
"""


def environment() -> str:
    """Return the page."""
    return page(
        "Environment variables",
        "the templates and the functions' settings",
        INTRODUCTION,
        "## Functions\n",
        *_functions(),
        "## Builds\n",
        "The project sets some. start_build sets the others for each run, and may set no variable beside them.\n",
        table(
            ["variable", "set by", "meaning"],
            [[code(name), who, BUILD.get(name, "")] for name, who in build_variables()],
        ),
        "## The command\n",
        table(["variable", "meaning"], [[_codes(name), meaning] for name, meaning in COMMAND.items()]),
    )


def _functions() -> Iterator[str]:
    template = read_template(ROOT / "template.yaml")
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    yield f"All of them have {', '.join(code(name) for name in shared)}, for the libraries that they use.\n"
    for name, settings in FUNCTIONS.items():
        yield f"### {_snake(name)}\n"
        values = template["Resources"][name]["Properties"]["Environment"]["Variables"]
        comments = field_comments(settings)
        required = settings.environment_names()

        def meaning(variable: str, value: Any, comments: Mapping[str, str] = comments) -> str:
            return comments.get(variable.lower()) or _of_reference(template, value)

        yield table(
            ["variable", "value in the stack", "required", "meaning"],
            [
                [code(each), _value(value), "yes" if required.get(each) else "no", meaning(each, value)]
                for each, value in values.items()
            ],
        )


def _of_reference(template: Mapping[str, Any], value: Any) -> str:
    """Return what a variable means by what the template puts there: a parameter, or a resource."""
    name = value.get("Ref", "") if isinstance(value, dict) else ""
    if name in template["Parameters"]:
        return str(template["Parameters"][name].get("Description", ""))
    return f"of type {code(template['Resources'][name]['Type'])}" if name in template["Resources"] else ""


def build_variables() -> list[tuple[str, str]]:
    """Return each variable of a build with who sets it, in the order of the template."""
    resources = read_template(ROOT / "regional/template.yaml")["Resources"]
    found = dict.fromkeys(_of_a_run(resources["StartRole"]), "start_build")
    for project in ("Project", "CheckProject"):
        for each in resources[project]["Properties"]["Environment"]["EnvironmentVariables"]:
            found.setdefault(each["Name"], "the project")
    return list(found.items())


def _of_a_run(role: Mapping[str, Any]) -> list[str]:
    """Return the variables that start_build may set."""
    [names] = [
        names
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for names in statement.get("Condition", {}).get("ForAnyValue:StringNotEquals", {}).values()
    ]
    return list(names)


def _value(value: Any) -> str:
    """Return what the template gives a variable, in words."""
    match value:
        case {"Ref": "AWS::StackName"}:
            return "the stack's name"
        case {"Ref": name}:
            return code(name)
        case {"Fn::Sub": str(text)}:
            return code(text.replace("${AWS::StackName}", "<stack>"))
        case _:
            return code(str(value))


def _codes(names: str) -> str:
    return re.sub(r"[A-Z][A-Z_]{3,}", lambda found: code(found[0]), names)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
