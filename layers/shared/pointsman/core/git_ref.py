"""What a git ref names, and how people call it: `refs/heads/main` is main, `refs/tags/v1` is tag v1."""

import re
from dataclasses import dataclass
from typing import Literal

_REF = re.compile(r"refs/(?:(?P<kind>heads|tags)/(?P<name>.+)|pull/(?P<number>[0-9]+)/(?:head|merge))", re.DOTALL)

type Kind = Literal["branch", "tag", "pull request", "other"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A kind and a name. Only what git puts before a name is taken off: a branch may be called `refs/main`."""

    kind: Kind
    name: str

    @property
    def shown(self) -> str:
        """As people call it. A branch and a tag of one name stay apart, since no name holds a space."""
        match self.kind:
            case "tag":
                return f"tag {self.name}"
            case "pull request":
                return f"pull request #{self.name}"
            case _:
                return self.name


def read_ref(ref: str) -> Ref:
    """What a whole ref (`refs/...`) names."""
    found = _REF.fullmatch(ref)
    if not found:
        return Ref("other", ref)
    if found["number"]:
        return Ref("pull request", found["number"])
    return Ref("branch" if found["kind"] == "heads" else "tag", found["name"])
