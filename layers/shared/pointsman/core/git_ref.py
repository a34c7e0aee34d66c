"""Git refs and their short names: `refs/heads/main` is main, `refs/tags/v1` is tag v1."""

import re
from typing import Literal

from msgspec import Struct

_REF = re.compile(r"refs/(?:(?P<kind>heads|tags)/(?P<name>.+)|pull/(?P<number>[0-9]+)/(?:head|merge))", re.DOTALL)

type RefKind = Literal["branch", "tag", "pull request", "other"]


class Ref(Struct, frozen=True):
    """A kind and a name. Only git's own prefix is removed: a branch may be called `refs/main`."""

    kind: RefKind
    name: str

    @property
    def shown(self) -> str:
        """The short name. A branch and a tag of the same name differ, since no name contains a space."""
        match self.kind:
            case "tag":
                return f"tag {self.name}"
            case "pull request":
                return f"pull request #{self.name}"
            case _:
                return self.name


def read_ref(ref: str) -> Ref:
    """Parse a full ref (`refs/...`)."""
    match = _REF.fullmatch(ref)
    if not match:
        return Ref("other", ref)
    if match["number"]:
        return Ref("pull request", match["number"])
    return Ref("branch" if match["kind"] == "heads" else "tag", match["name"])
