"""Whose IAM principal an ARN is, by the `people` of routes.yaml."""

import re
from collections.abc import Iterator, Mapping, Sequence

ANY = "*"  # in a role's name: IAM Identity Center ends it with characters of its own


def is_covered(arn: str, pattern: str) -> bool:
    """Whether an ARN is the one of `pattern`, in which `*` stands for any characters of a role's name."""
    return bool(re.fullmatch("[^/]*".join(re.escape(part) for part in pattern.split(ANY)), arn))


def logins_of(arn: str, people: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The logins to which an ARN belongs: one, unless routes.yaml is ambiguous."""
    return (login for login, patterns in people.items() if any(is_covered(arn, each) for each in patterns))
