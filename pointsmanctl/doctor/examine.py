"""Runs every check of an installation. A check that cannot read something says so and stops no other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from pointsman.errors import PointsmanError
from pointsmanctl.deployment.accounts import CONTROL, Accounts, caller_account
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.left_workers import find_left_workers
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.stack_deployer import reason_of
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.doctor import (
    alarms,
    archive,
    build_secrets,
    connection,
    forwarding,
    github,
    instances,
    left_workers,
    live_versions,
    new_instances,
    projects,
    report,
    route_secrets,
    run_image,
    secret_values,
    slack,
    stack_version,
    start_role,
    transfer_bucket,
)
from pointsmanctl.doctor.denied import is_denied
from pointsmanctl.doctor.model import (
    CheckResult,
    ControlCheck,
    ControlContext,
    Link,
    TargetCheck,
    TargetContext,
)
from pointsmanctl.errors import CloudUnavailable, CommandError

CONTROL_CHECKS: dict[str, ControlCheck] = {
    "stack": stack_version.check_control,
    "secrets": secret_values.check,
    live_versions.NAME: live_versions.check,
    "slack": slack.check,
    "github": github.check,
    archive.NAME: archive.check,
    report.NAME: report.check,
    "alarms": alarms.check_control,
}
TARGET_CHECKS: dict[str, TargetCheck] = {
    stack_version.NAME: stack_version.check_target,
    start_role.NAME: start_role.check,
    projects.NAME: projects.check,
    run_image.NAME: run_image.check,
    connection.NAME: connection.check,
    forwarding.NAME: forwarding.check,
    instances.NAME: instances.check,
    new_instances.NAME: new_instances.check,
    transfer_bucket.NAME: transfer_bucket.check,
    build_secrets.NAME: build_secrets.check,
    route_secrets.NAME: route_secrets.check,
    alarms.NAME: alarms.check_target,
}
AT_ONCE = 8
_DEPLOY = "run `pointsman deploy`"


@dataclass(frozen=True)
class Examination:
    """All checks of an installation."""

    installation: Installation
    accounts: Accounts
    sends_test_events: bool = True

    def results(self, targets: Sequence[str]) -> list[CheckResult]:
        """Check the control stack and these targets. Raises CloudUnavailable without access to the control account."""
        account_id = caller_account(self.accounts, CONTROL, self.installation.region)
        stack = self._control_stack()
        if stack is None:
            return [Link("stack", CONTROL).broken("the control stack does not exist", _DEPLOY)]
        client = partial(self._client, CONTROL, self.installation.region)
        client_in = partial(self._client, CONTROL)
        control = ControlContext(
            self.installation, client, stack, account_id, self.installation.region, client_in, self.sends_test_events
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            of_control = pool.submit(lambda: list(self._of_control(control)))
            left = find_left_workers(self.installation, self.accounts, account_id)
            of_targets = list(pool.map(lambda name: list(self._of_target(control, name)), targets))
        return [*of_control.result(), left_workers.judge(left), *(each for results in of_targets for each in results)]

    def _of_control(self, control: ControlContext) -> Iterator[CheckResult]:
        for name, check in CONTROL_CHECKS.items():
            yield from _guarded(Link(name, CONTROL), partial(check, control))

    def _of_target(self, control: ControlContext, name: str) -> Iterator[CheckResult]:
        yield from _guarded(Link("stack", name), partial(self._checks_of_target, control, name))

    def _checks_of_target(self, control: ControlContext, name: str) -> Iterator[CheckResult]:
        account, _, region = name.partition("/")
        stack = self._stack(account, self.installation.settings.workers.stack, region)
        if stack is None:
            yield Link("stack", name).broken("the worker stack does not exist", f"run `pointsman deploy --only {name}`")
            return
        account_id = self.installation.accounts[account]
        client = partial(self._client, account, region)
        target = TargetContext(name, account, account_id, region, client, stack, control)
        for link, check in TARGET_CHECKS.items():
            yield from _guarded(Link(link, name), partial(check, target))

    def _control_stack(self) -> StackState | None:
        from botocore.exceptions import BotoCoreError, ClientError

        name = self.installation.settings.stack
        try:
            return self._stack(CONTROL, name, self.installation.region)
        except (BotoCoreError, ClientError) as error:
            raise CloudUnavailable(
                f"cannot read stack {name!r}: {reason_of(error)}. docs/access.md says who may"
            ) from error

    def _stack(self, account: str, name: str, region: str) -> StackState | None:
        return read_stack(self.accounts.client("cloudformation", account, region), name)

    def _client(self, account: str, region: str, service: str) -> object:
        return self.accounts.client(service, account, region)


def _guarded(link: Link, check: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    """Yield the results of a check; what it cannot read is a result, too."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield from check()
    except (BotoCoreError, ClientError, CommandError, PointsmanError) as error:
        if is_denied(error):
            yield link.skipped(f"these credentials may not read it: {reason_of(error)}", "see docs/access.md")
            return
        yield link.broken(
            f"it cannot be read: {reason_of(error)}", "use credentials that may read it, and check the stack"
        )
