"""What a stack needs, by its status.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
"""

from pointsmanctl.deployment.model import Treatment

GONE = "DELETE_COMPLETE"
REVIEW = "REVIEW_IN_PROGRESS"  # it has only a change set that was never executed
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
ROLLED_BACK = "UPDATE_ROLLBACK_COMPLETE"

_TREATMENTS = {
    GONE: Treatment.CREATE,
    REVIEW: Treatment.CREATE,
    "CREATE_COMPLETE": Treatment.UPDATE,
    "UPDATE_COMPLETE": Treatment.UPDATE,
    "UPDATE_FAILED": Treatment.UPDATE,
    "IMPORT_COMPLETE": Treatment.UPDATE,
    "IMPORT_ROLLBACK_COMPLETE": Treatment.UPDATE,
    ROLLED_BACK: Treatment.UPDATE,
    "CREATE_FAILED": Treatment.RECREATE,
    "ROLLBACK_COMPLETE": Treatment.RECREATE,
    "ROLLBACK_FAILED": Treatment.RECREATE,
    "UPDATE_ROLLBACK_FAILED": Treatment.CONTINUE_ROLLBACK,
}


def treatment_of(status: str | None) -> Treatment:
    """Return what a stack with this status needs; None is a stack that does not exist."""
    if status is None:
        return Treatment.CREATE
    if status in _TREATMENTS:
        return _TREATMENTS[status]
    return Treatment.WAIT if status.endswith("_IN_PROGRESS") else Treatment.GIVE_UP
