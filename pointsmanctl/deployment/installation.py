"""The stacks of an installation: what routes.yaml and pointsman.toml say together."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pointsman.core.routes.model import Routes
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.model import Stack, StackState
from pointsmanctl.deployment.run_image.definition import Definition
from pointsmanctl.deployment.run_image.ecr_image import EcrImage, partition_of
from pointsmanctl.deployment.run_image.stacks import (
    SET_FOR_IMAGE,
    architecture_problem,
    image_parameters,
    image_stacks,
    regions_with_image,
)
from pointsmanctl.deployment.settings import DeploySettings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.deployment.ssm_values import has_reference
from pointsmanctl.deployment.template import TemplateParameter, read_parameters
from pointsmanctl.errors import InvalidInput

ARCHITECTURE = "Architecture"
_CERTIFICATE, _REPOSITORY = "GithubCertificateArn", "RepositoryUrl"
SET_FOR_CONTROL = ("WorkerAccountIds", "GithubUrl", "ExternalId")
SET_FOR_WORKERS = ("AccountName", "ControlAccountId", "ControlBusArn", "ControlStackName", "ExternalId")


@dataclass(frozen=True)
class ControlFacts:
    """What the workers need to know of the control stack."""

    account_id: str
    bus_arn: str
    external_id: str
    images: Mapping[str, EcrImage] = field(default_factory=dict)  # the run image in each region, if there is one


@dataclass(frozen=True)
class Installation:
    """One control stack and its worker stacks."""

    settings: DeploySettings
    routes: Routes
    sources: Sources
    region: str  # of the control stack
    directory: Path = Path()  # of pointsman.toml

    @property
    def accounts(self) -> dict[str, str]:
        """The worker accounts: name to id."""
        return {target.account: target.account_id for target in self.routes.all_targets}

    @property
    def targets(self) -> list[str]:
        """The names of all targets, each once."""
        return list(dict.fromkeys(str(target.name) for target in self.routes.all_targets))

    @property
    def profiles(self) -> dict[str, str | None]:
        """The AWS profile of each account, with that of the control stack."""
        return {account: self.settings.profile_of(account) for account in self.accounts} | {
            CONTROL: self.settings.profile
        }

    @property
    def release(self) -> str:
        """Digest of what pointsman.toml sets in the control stack; empty if nothing.

        SAM publishes a new version of a function when its package changes, not when the value of a parameter does.
        """
        external_id = {"ExternalId": self.settings.external_id} if self.settings.external_id else {}
        values = {**self.settings.parameters, **external_id}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest() if values else ""

    def control_stack(self, account_id: str, external_id: str) -> Stack:
        """Return the control stack."""
        fixed = {
            "WorkerAccountIds": ",".join(sorted(set(self.accounts.values()))),
            "ExternalId": external_id,
            "GithubUrl": self.settings.github.url,
        }
        return Stack(
            label=CONTROL,
            name=self.settings.stack,
            account=CONTROL,
            account_id=account_id,
            region=self.region,
            template=self.sources.control,
            parameters={_CERTIFICATE: self.settings.github.certificate, **self.settings.parameters, **fixed},
        )

    @property
    def image_regions(self) -> list[str]:
        """The regions that need the run image: the control stack's, which builds it, then those of workers."""
        return regions_with_image(self.settings, self.targets, self.region)

    def image_stacks(self, account_id: str, definition: Definition | None) -> list[Stack]:
        """Return the stacks of the run image, all in the control account.

        Without a definition, those that may be left of an earlier deployment, in every region of targets.
        """
        base = Stack("", "", CONTROL, account_id, self.region, self.sources.image)
        others = {name.partition("/")[2] for name in self.targets} - {self.region}
        regions = self.image_regions if definition else [self.region, *sorted(others)]
        return image_stacks(base, self.settings, self.accounts.values(), regions, definition)

    def worker_stacks(self, facts: ControlFacts, targets: Iterable[str]) -> list[Stack]:
        """Return the worker stacks of these targets."""
        return [self._worker(facts, *name.split("/")) for name in targets]

    def _worker(self, facts: ControlFacts, account: str, region: str) -> Stack:
        fixed = {
            "AccountName": account,
            "ControlAccountId": facts.account_id,
            "ControlBusArn": facts.bus_arn,
            "ControlStackName": self.settings.stack,
            "ExternalId": facts.external_id,
        }
        repository = self.repository_url
        own = self.settings.worker_parameters(account, region)
        return Stack(
            label=f"{account}/{region}",
            name=self.settings.workers.stack,
            account=account,
            account_id=self.accounts[account],
            region=region,
            template=self.sources.worker,
            parameters={
                _CERTIFICATE: self.settings.github.certificate,
                **({_REPOSITORY: repository} if repository else {}),
                **image_parameters(own, facts.images.get(region), self.settings.image),
                **own,
                **fixed,
            },
        )

    @property
    def repository_url(self) -> str | None:
        """The clone URL of the first repository in routes.yaml that is a name, not a pattern."""
        names = (name for route in self.routes.routes for name in route.repository)
        first = next((name for name in names if not set(name) & set("*?+[]!")), None)
        return self.settings.github.host.clone_url(first) if first else None

    def facts(self, account_id: str, control: StackState | None) -> ControlFacts:
        """Return what the workers need to know: from the control stack, or as it will be once it is created."""
        outputs = control.outputs if control else {}
        predicted = f"arn:{partition_of(self.region)}:events:{self.region}:{account_id}:event-bus/{self.settings.stack}"
        return ControlFacts(account_id, outputs.get("BusArn", predicted), self._external_id(control))

    def _external_id(self, control: StackState | None) -> str:
        deployed = control.parameters.get("ExternalId") if control else None
        return self.settings.external_id or deployed or secrets.token_hex(16)

    def architecture(self, control: StackState | None) -> str:
        """Return the architecture to build for: from pointsman.toml, as deployed, or the template's default."""
        deployed = control.parameters.get(ARCHITECTURE) if control else None
        default = read_parameters(self.sources.control)[ARCHITECTURE].default
        return self.settings.parameters.get(ARCHITECTURE) or deployed or default or ""

    def check_parameters(self) -> None:
        """Check every parameter in pointsman.toml against the templates. Raises InvalidInput with every problem."""
        known = {path: read_parameters(path) for path in (self.sources.control, self.sources.worker)}
        image = self.settings.image
        problems = list(_problems("parameters", self.settings.parameters, known[self.sources.control], SET_FOR_CONTROL))
        worker = known[self.sources.worker]
        for table, parameters in self._worker_tables():
            problems += _problems(table, parameters, worker, SET_FOR_WORKERS)
            problems += filter(None, [architecture_problem(table, parameters, image)])
            problems += self._other_hosts(table, parameters)
        if image:
            problems += _problems(
                "image.parameters", image.parameters, read_parameters(self.sources.image), SET_FOR_IMAGE
            )
        problems += [
            f"accounts.{name}: routes.yaml has no such account"
            for name in self.settings.accounts
            if name not in self.accounts
        ]
        problems += [
            f"targets.{name}: routes.yaml has no such target"
            for name in self.settings.targets
            if name not in self.targets
        ]
        if problems:
            raise InvalidInput("pointsman.toml: " + "; ".join(problems))

    def _other_hosts(self, table: str, parameters: Mapping[str, str]) -> Iterable[str]:
        repository, host = parameters.get(_REPOSITORY), self.settings.github.host
        if repository and not host.has(repository):
            yield f"{table}.{_REPOSITORY}: it is not on {host.name}; an installation serves one GitHub, [github] url"

    def _worker_tables(self) -> Iterable[tuple[str, Mapping[str, str]]]:
        yield "workers.parameters", self.settings.workers.parameters
        for name, account in self.settings.accounts.items():
            yield f"accounts.{name}.parameters", account.parameters
        for name, target in self.settings.targets.items():
            yield f"targets.{name}.parameters", target.parameters


def select(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the stacks that the patterns name: `control`, `dev/*`, `*/eu-west-1`. Raises InvalidInput."""
    if not patterns:
        return list(names)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InvalidInput(f"--only {pattern!r} names no stack; the stacks are {', '.join(names)}")
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _problems(
    table: str, values: Mapping[str, str], known: Mapping[str, TemplateParameter], fixed: Sequence[str]
) -> Iterable[str]:
    for name, value in values.items():
        if name in fixed:
            yield f"{table}.{name}: `pointsman deploy` sets this parameter; remove it"
        elif name not in known:
            yield f"{table}.{name}: the template has no such parameter"
        elif has_reference(value) and name != ARCHITECTURE:  # which the build needs before a stack's account is asked
            continue
        elif reason := known[name].violation(value):
            yield f"{table}.{name}: {reason}"
