"""What a check looks at, and what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import StackState
from pointsmanctl.doctor.arrivals import Arrivals


class LinkState(StrEnum):
    """Whether a link of the chain works."""

    OK = "ok"
    WARNING = "warning"  # it works, or may; somebody should look
    BROKEN = "broken"
    SKIPPED = "skipped"  # it cannot be seen from here


@dataclass(frozen=True)
class CheckResult:
    """One link of the chain, at one place: whether it works, why not, and what to do."""

    link: str
    where: str  # control, or a target's name
    state: LinkState
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class ControlContext:
    """The control stack, and clients in its account and region."""

    installation: Installation
    client: Callable[[str], Any]
    state: StackState
    account_id: str
    region: str
    client_in: Callable[[str, str], Any]  # (region, service), in the same account
    sends_test_events: bool = True
    arrivals: Arrivals = field(default_factory=Arrivals)

    @property
    def stack_name(self) -> str:
        """The stack's name, with which the names of all resources of the installation begin."""
        return self.installation.settings.stack

    def parameter(self, name: str) -> str:
        """Return the deployed value of a parameter; empty if it has none."""
        return self.state.parameters.get(name, "")

    def output(self, name: str) -> str:
        """Return an output of the stack; empty if it has none."""
        return self.state.outputs.get(name, "")


@dataclass(frozen=True)
class TargetContext:
    """The worker stack of a target, and clients in its account and region."""

    name: str
    account: str
    account_id: str
    region: str
    client: Callable[[str], Any]
    state: StackState
    control: ControlContext

    def parameter(self, name: str) -> str:
        """Return the deployed value of a parameter; empty if it has none."""
        return self.state.parameters.get(name, "")

    def output(self, name: str) -> str:
        """Return an output of the stack; empty if it has none."""
        return self.state.outputs.get(name, "")


type ControlCheck = Callable[[ControlContext], Iterable[CheckResult]]
type TargetCheck = Callable[[TargetContext], Iterable[CheckResult]]


@dataclass(frozen=True)
class Link:
    """Makes the results of one link at one place."""

    name: str
    where: str

    def ok(self, message: str) -> CheckResult:
        """Return that the link works."""
        return CheckResult(self.name, self.where, LinkState.OK, message)

    def warning(self, message: str, remedy: str) -> CheckResult:
        """Return that somebody should look."""
        return CheckResult(self.name, self.where, LinkState.WARNING, message, remedy)

    def broken(self, message: str, remedy: str) -> CheckResult:
        """Return that the link is broken."""
        return CheckResult(self.name, self.where, LinkState.BROKEN, message, remedy)

    def skipped(self, message: str, remedy: str = "") -> CheckResult:
        """Return that the link cannot be seen from here."""
        return CheckResult(self.name, self.where, LinkState.SKIPPED, message, remedy)
