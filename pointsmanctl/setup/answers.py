"""The answers of `pointsman init`, and those that the files already have."""

from dataclasses import dataclass, field
from pathlib import Path

from pointsman.core.github_host import WEB, GithubHost
from pointsman.core.routes.model import Routes
from pointsmanctl.deployment.settings import DeploySettings, read_deploy_settings
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.settings import STACK

CONNECTION = "ConnectionArn"
SLACK_CHANNEL = "SlackChannel"
CONCURRENCY = "ReceiverConcurrency"
PATTERN_CHARACTERS = frozenset("*?+[]!")


@dataclass(frozen=True)
class WorkerAccount:
    """An AWS account in which Ansible runs."""

    id: str
    profile: str | None = None
    connection: str = ""  # ARN of its connection to GitHub; empty for a public repository


@dataclass(frozen=True)
class Answers:
    """Everything that `init` asks. An empty value is one that nobody has answered yet."""

    stack: str = STACK
    control_profile: str | None = None
    control_region: str = ""
    accounts: dict[str, WorkerAccount] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    github_url: str = WEB
    repository: str = ""  # owner/name
    branch: str = ""
    playbook: str = ""
    slack_channel: str = ""
    run_image: bool = False  # builds run in an image of the team's own, instead of installing Ansible
    reserves_concurrency: bool = True  # False: the control account's Lambda quota has no room for it
    routes_exist: bool = False  # then their branch and playbook are not asked for

    @property
    def repository_address(self) -> str:
        """The repository as a person writes it: without GitHub's URL on github.com."""
        elsewhere = self.repository and self.github_url != WEB
        return GithubHost(self.github_url).page(self.repository) if elsewhere else self.repository


def present_answers(routes_file: Path, config: Path) -> Answers:
    """Return the answers in the files that exist. Raises InvalidInput if one of them is not valid."""
    settings = read_deploy_settings(config)
    routes = _routes(routes_file)
    return Answers(
        stack=settings.stack,
        routes_exist=routes is not None,
        control_profile=settings.profile,
        control_region=settings.region or "",
        accounts=_accounts(routes, settings) if routes else {},
        regions=routes.regions if routes else (),
        github_url=settings.github.url,
        repository=_repository(routes) if routes else "",
        slack_channel=settings.parameters.get(SLACK_CHANNEL, ""),
        run_image=settings.image is not None,
    )


def _accounts(routes: Routes, settings: DeploySettings) -> dict[str, WorkerAccount]:
    return {
        name: WorkerAccount(account.id, settings.profile_of(name), _connection(settings, name))
        for name, account in routes.accounts.items()
    }


def _connection(settings: DeploySettings, account: str) -> str:
    return settings.accounts[account].parameters.get(CONNECTION, "") if account in settings.accounts else ""


def _repository(routes: Routes) -> str:
    names = (name for route in routes.routes for name in route.repository)
    return next((name for name in names if not PATTERN_CHARACTERS & set(name)), "")


def _routes(path: Path) -> Routes | None:
    from pointsmanctl.routes_file.reader import read_routes

    if not path.exists():
        return None
    routes, errors = read_routes(path)
    if routes is None:
        raise InvalidInput(f"{'; '.join(str(each) for each in errors)}. Correct the file, or move it away")
    return routes
