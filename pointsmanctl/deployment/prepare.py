"""Reads the files of an installation and checks what can be checked before a deployment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pointsman.core.routes.model import Routes
from pointsmanctl.deployment.accounts import CONTROL, Accounts, ProfileAccounts, caller_account, check_accounts
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.installation import Installation, select
from pointsmanctl.deployment.model import Progress
from pointsmanctl.deployment.run_image.images import RunImage
from pointsmanctl.deployment.run_image.stacks import IMAGE
from pointsmanctl.deployment.settings import DeploySettings, read_deploy_settings
from pointsmanctl.deployment.sources import Sources, build_control
from pointsmanctl.deployment.stack_deployer import StackDeployer
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.settings import read_settings, region_of_environment


@dataclass(frozen=True)
class Preparation:
    """An installation whose files were read, and a directory for what is built."""

    installation: Installation
    accounts: Accounts
    routes_file: Path
    directory: Path

    def select(self, only: Sequence[str]) -> list[str]:
        """Return the stacks that `only` names, the control stack first; all without a name. Raises InvalidInput."""
        image = [IMAGE] if self.installation.settings.image else []
        return select([CONTROL, *image, *self.installation.targets], only)

    def check(self, selected: Sequence[str]) -> str:
        """Check parameters and credentials for the selected stacks; the id of the control account."""
        installation = self.installation
        installation.sources.check()
        installation.check_parameters()
        used = {name.partition("/")[0] for name in selected if "/" in name}
        control_account = caller_account(self.accounts, CONTROL, installation.region)
        check_accounts(self.accounts, {name: installation.accounts[name] for name in used}, installation.region)
        return control_account

    def deployment(self, selected: Sequence[str], control_account: str, progress: Progress) -> Deployment:
        """Build the control stack if it is selected, and return what deploys the selected stacks."""
        installation = self.installation
        deployer = StackDeployer(self.accounts, self._artifacts(), progress, Pace())
        deployment = Deployment(installation, deployer, control_account, self._image(deployer, control_account))
        return self._built(deployment, progress) if CONTROL in selected else deployment

    def _built(self, deployment: Deployment, progress: Progress) -> Deployment:
        """Build the control stack for the architecture that it has, or will have."""
        progress.update(CONTROL, "building")
        installation = deployment.installation
        template = build_control(
            installation.sources.control,
            self.directory,
            self.routes_file,
            installation.architecture(deployment.control_state()),
            installation.release,
        )
        progress.end(CONTROL, "built")
        sources = replace(installation.sources, control=template)
        return replace(deployment, installation=replace(installation, sources=sources))

    def _image(self, deployer: StackDeployer, control_account: str) -> RunImage | None:
        """Return the run image, if pointsman.toml asks for it. Raises InvalidInput if it cannot be defined."""
        settings = self.installation.settings.image
        if settings is None:
            return None
        image = RunImage(self.installation, self.accounts, deployer.artifacts, control_account, settings)
        _ = image.definition  # what is wrong with the team's lists shows before anything is deployed
        return image

    def _artifacts(self) -> ArtifactPublisher:
        return ArtifactPublisher(self.accounts, self.installation.settings.artifacts_bucket)


@contextmanager
def prepared(
    config: Path, routes_file: Path, stack: str | None = None, region: str | None = None
) -> Iterator[Preparation]:
    """Read the files of an installation; what is built is removed at the end. Raises InvalidInput."""
    installation = read_installation(config, routes_file, stack, region)
    with TemporaryDirectory(prefix="pointsman-deploy-") as directory:
        accounts = ProfileAccounts(installation.profiles)
        yield Preparation(installation, accounts, routes_file, Path(directory))


def read_installation(
    config: Path, routes_file: Path, stack: str | None = None, region: str | None = None
) -> Installation:
    """Return what both files say. Raises InvalidInput."""
    settings = read_deploy_settings(config)
    general = read_settings(stack, region)
    settings = settings.model_copy(update={"stack": stack or settings.stack, "region": region or settings.region})
    control = control_region(settings, general.region)
    return Installation(settings, _routes(routes_file), Sources(), control, config.parent)


def control_region(settings: DeploySettings, general: str | None) -> str:
    """Return the region of the control stack: from the file, `general`, or the AWS SDK. Raises InvalidInput."""
    import boto3
    from botocore.exceptions import BotoCoreError

    region = settings.region or general or region_of_environment()
    if not region:
        try:
            region = boto3.Session(profile_name=settings.profile).region_name
        except BotoCoreError as error:
            raise InvalidInput(f"profile of the control stack: {error}") from error
    if not region:
        raise InvalidInput("no region for the control stack: set region in pointsman.toml, or use --region")
    return region


def _routes(path: Path) -> Routes:
    from pointsmanctl.routes_file.reader import read_routes

    try:
        routes, errors = read_routes(path)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}. `pointsman init` writes it") from error
    if routes is None:
        raise InvalidInput("; ".join(str(each) for each in errors))
    return routes
