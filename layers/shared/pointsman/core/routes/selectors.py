"""How routes.yaml selects targets: by name or by labels."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pointsman.core.model import Target
from pointsman.core.routes.values import Labels, NotEmpty, RoutesPart, Selector, one_or_many


class TargetSelector(RoutesPart):
    """Targets by name or by labels. All given labels must match."""

    name: Selector | None = Field(None, description="account/region, where either may be `*`.")
    account: Labels | None = Field(None, description="Name of the account, or a list of names.")
    region: Labels | None = Field(None, description="Region, or a list of regions.")
    environment: Labels | None = Field(None, description="Environment of the account or the target, or a list.")

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        if not (self.name or self.account or self.region or self.environment):
            raise ValueError("selects no target: give `name`, `account`, `region` or `environment`")
        return self

    def matches(self, target: Target, environment: str) -> bool:
        """Whether this selects `target`, which has the label `environment` (empty: none)."""
        labels = ((self.account, target.account), (self.region, target.region), (self.environment, environment))
        return (self.name is None or fnmatchcase(target.name, self.name)) and all(
            wanted is None or any(fnmatchcase(label, each) for each in wanted) for wanted, label in labels
        )


def as_selectors(value: object) -> object:
    """Accept `all`, a name or a single mapping instead of a list of mappings."""
    if value == "all":
        return [{"name": "*/*"}]
    value = one_or_many(value)
    return [{"name": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


Selectors = Annotated[
    tuple[TargetSelector, ...],
    BeforeValidator(
        as_selectors,
        json_schema_input_type=Literal["all"] | Selector | TargetSelector | list[Selector | TargetSelector],
    ),
    NotEmpty,
]
