"""`pointsman rollout`: stop a rollout, or run it again."""

from typing import ClassVar

from pointsmanctl.lazy_group import Lazy, LazyGroup, lazy_app

HERE = "pointsmanctl.commands.rollout"


class RolloutGroup(LazyGroup):
    """Commands that change a rollout."""

    lazy: ClassVar = {
        "cancel": Lazy(f"{HERE}.cancel:cancel", "Start nothing more of a rollout, and stop its running builds."),
        "retry": Lazy(f"{HERE}.retry:retry", "Repeat the runs of a rollout that did not succeed."),
    }


app = lazy_app(RolloutGroup, "Stop a rollout, or run it again.")
