"""Lets a new control stack adopt the audit table that an earlier one left: by an import of CloudFormation.

The stack begins with the table alone, and its deployment then adds everything else. The table's policy is not imported:
it names the roles of the stack before, and the deployment sets it anew.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsmanctl.deployment.accounts import CONTROL, Accounts
from pointsmanctl.deployment.change_sets import wait_for_change_set
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import Progress, StackState
from pointsmanctl.deployment.stack_events import Operation, Pace
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.template import read_template
from pointsmanctl.deployment.trail_table import TRAIL, trail_problems
from pointsmanctl.deployment.treatment import GONE, REVIEW
from pointsmanctl.errors import DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ADOPTED = "IMPORT_COMPLETE"


@dataclass(frozen=True)
class TrailAdoption:
    """Adopts a table as the trail of the control stack."""

    installation: Installation
    accounts: Accounts
    progress: Progress
    pace: Pace

    def is_needed(self, table: str) -> bool:
        """Return whether the table is still to be adopted. Raises DeploymentFailed if the stack has another trail."""
        state = read_stack(self._cloudformation, self._name)
        if state is None or state.status in {GONE, REVIEW}:
            return True
        own = self._trail_of(state)
        if own == table:
            return False
        raise DeploymentFailed(
            f"stack {self._name!r} exists already, with the trail {own or '(none)'}: only a new stack can adopt one. "
            "Give the new installation another stack name, or delete this one with `pointsman destroy`"
        )

    def check(self, table: str) -> Mapping[str, Any]:
        """Return the table as DynamoDB describes it. Raises DeploymentFailed with every reason why it is no trail."""
        client = self.accounts.client("dynamodb", CONTROL, self.installation.region)
        try:
            described: Mapping[str, Any] = client.describe_table(TableName=table)["Table"]
        except client.exceptions.ResourceNotFoundException as error:
            raise DeploymentFailed(
                f"there is no table {table!r} in {self.installation.region} of the control account"
            ) from error
        if problems := trail_problems(self._resource["Properties"], described):
            raise DeploymentFailed(f"table {table!r} cannot be the trail of this version: {'; '.join(problems)}")
        return described

    def adopt(self, table: str) -> None:
        """Make a stack that has the table alone. Raises DeploymentFailed."""
        described = self.check(table)
        self.progress.update(CONTROL, "adopting the trail")
        created = self._cloudformation.create_change_set(
            StackName=self._name,
            ChangeSetName=f"pointsman-{uuid.uuid4()}",
            ChangeSetType="IMPORT",
            Description="pointsman deploy --adopt-trail",
            TemplateBody=json.dumps(self._template(described)),
            ResourcesToImport=[
                {
                    "ResourceType": self._resource["Type"],
                    "LogicalResourceId": TRAIL,
                    "ResourceIdentifier": {"TableName": table},
                }
            ],
        )
        status, reason = wait_for_change_set(self._cloudformation, created["Id"], self.pace)
        if status != "CREATE_COMPLETE":
            raise DeploymentFailed(f"CloudFormation does not import table {table!r}: {reason}")
        operation = Operation.begin(self._cloudformation, created["StackId"])
        self._cloudformation.execute_change_set(ChangeSetName=created["Id"])
        end = operation.follow(self.pace, lambda *_: None)
        if end.status != ADOPTED:
            raise DeploymentFailed(f"table {table!r} was not adopted: {operation.failure or end.reason} ({end.status})")
        self.progress.end(CONTROL, f"adopted the trail {table}")

    def _template(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """Return a template of the table as it is, so that the next deployment changes what is different."""
        properties = {name: each for name, each in self._resource["Properties"].items() if name != "ResourcePolicy"}
        properties["DeletionProtectionEnabled"] = bool(described.get("DeletionProtectionEnabled"))
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "Pointsman's audit trail, adopted from an earlier stack.",
            "Resources": {TRAIL: {**self._resource, "Properties": properties}},
        }

    def _trail_of(self, state: StackState) -> str:
        for page in self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=state.id):
            for each in page["StackResourceSummaries"]:
                if each["LogicalResourceId"] == TRAIL:
                    return each.get("PhysicalResourceId", "")
        return ""

    @property
    def _resource(self) -> dict[str, Any]:
        resource: dict[str, Any] = read_template(self.installation.sources.control)["Resources"][TRAIL]
        return resource

    @property
    def _name(self) -> str:
        return self.installation.settings.stack

    @property
    def _cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self.accounts.client("cloudformation", CONTROL, self.installation.region)
        return client
