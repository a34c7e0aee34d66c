"""What the caller may not read is not called broken."""

import pytest
from botocore.exceptions import ClientError

from pointsman.errors import Misconfigured
from pointsmanctl.doctor.denied import is_denied
from pointsmanctl.doctor.examine import _guarded
from pointsmanctl.doctor.model import CheckResult, Link

LINK = Link("secrets", "control")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not authorized"}}, "GetSecretValue")


def result_of(error: Exception) -> CheckResult:
    def check() -> list[CheckResult]:
        raise error

    [result] = _guarded(LINK, check)
    return result


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_link_that_the_caller_may_not_read_is_skipped(code: str) -> None:
    result = result_of(refusal(code))
    assert (result.state, result.message) == ("skipped", "these credentials may not read it: not authorized")
    assert result.remedy == "see docs/access.md"


def test_a_link_that_cannot_be_read_for_another_reason_is_broken() -> None:
    assert result_of(refusal("InternalFailure")).state == "broken"


def test_the_refusal_behind_an_error_of_ours_counts() -> None:
    error = Misconfigured("reading the audit trail")
    error.__cause__ = refusal("AccessDeniedException")
    assert is_denied(error)
