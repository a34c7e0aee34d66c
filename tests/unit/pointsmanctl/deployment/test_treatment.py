"""Every status of a stack leads to a treatment."""

import botocore.session
import pytest

from pointsmanctl.deployment.model import Treatment
from pointsmanctl.deployment.treatment import treatment_of

STATUSES = (
    botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus").enum  # type: ignore[attr-defined]
)


@pytest.mark.parametrize(
    ("status", "treatment"),
    [
        (None, Treatment.CREATE),
        ("REVIEW_IN_PROGRESS", Treatment.CREATE),
        ("CREATE_COMPLETE", Treatment.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Treatment.UPDATE),
        ("ROLLBACK_COMPLETE", Treatment.RECREATE),
        ("ROLLBACK_FAILED", Treatment.RECREATE),
        ("UPDATE_ROLLBACK_FAILED", Treatment.CONTINUE_ROLLBACK),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Treatment.WAIT),
        ("DELETE_IN_PROGRESS", Treatment.WAIT),
        ("DELETE_FAILED", Treatment.GIVE_UP),
    ],
)
def test_treatment(status: str | None, treatment: Treatment) -> None:
    assert treatment_of(status) is treatment


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_stack_in_progress_is_waited_for(status: str) -> None:
    running = status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    assert (treatment_of(status) is Treatment.WAIT) == running
