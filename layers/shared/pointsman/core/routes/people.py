"""The people of routes.yaml: which IAM principals belong to which login of GitHub."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pointsman.core.routes.values import NAME, PERSON, NotEmpty, several

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_PARTITION = r"arn:aws(?:-cn|-us-gov)?"
_USER = rf"{_PARTITION}:iam::[0-9]{{12}}:user/(?:[\x21-\x29\x2b-\x7e]+/)?[A-Za-z0-9_+=,.@-]{{1,64}}"
_SESSION = rf"{_PARTITION}:sts::[0-9]{{12}}:assumed-role/[A-Za-z0-9_+=,.@*-]{{1,64}}/[A-Za-z0-9_+=,.@-]{{2,64}}"
PRINCIPAL = rf"^(?:{_USER}|{_SESSION})$"
PRINCIPALS = 20  # of one person
_FORMS = (
    "write an IAM user (arn:aws:iam::<account>:user/<name>) or a role's session "
    "(arn:aws:sts::<account>:assumed-role/<role>/<session>)"
)


def _principal(arn: str) -> str:
    if re.fullmatch(PRINCIPAL, arn):
        return arn
    if re.fullmatch(rf"{_PARTITION}:iam::[0-9]{{12}}:root", arn):
        raise ValueError(f"`{arn}` is the root user of an account, which nobody should work as: {_FORMS}")
    if re.fullmatch(rf"{_PARTITION}:(?:iam::[0-9]{{12}}:role|sts::[0-9]{{12}}:assumed-role)/[^/]+", arn):
        raise ValueError(f"`{arn}` is a role, which several people may assume: {_FORMS}")
    if "*" in arn:
        raise ValueError(f"`{arn}` has a `*`, which is allowed in the name of a role only: {_FORMS}")
    raise ValueError(f"`{arn}` is not the ARN of a person: {_FORMS}")


Principal = Annotated[str, AfterValidator(_principal), Field(json_schema_extra={"pattern": PRINCIPAL})]
Principals = Annotated[tuple[Principal, ...], several(Principal), Field(max_length=PRINCIPALS), NotEmpty]
Person = Annotated[str, Field(pattern=PERSON)]
People = dict[Person, Principals]
TeamName = Annotated[str, Field(pattern=NAME)]
Members = Annotated[tuple[Person, ...], several(Person), Field(max_length=200), NotEmpty]
Teams = dict[TeamName, Members]
