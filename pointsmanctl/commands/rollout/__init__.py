"""`pointsman rollout`: look at rollouts, and decide about them."""

from typing import ClassVar

from pointsmanctl.lazy_group import Lazy, LazyGroup, lazy_app

HERE = "pointsmanctl.commands.rollout"


class RolloutGroup(LazyGroup):
    """Commands about rollouts."""

    lazy: ClassVar = {
        "list": Lazy(
            f"{HERE}.listing:list_rollouts",
            "Show rollouts, all that are open and those started since a time, and what each one waits for.",
        ),
        "show": Lazy(
            f"{HERE}.show:show",
            "Show a rollout: its waves and runs, what it waits for and until when, and the next command to type.",
        ),
        "watch": Lazy(
            f"{HERE}.watch:watch",
            "Follow a rollout until it ends. While it waits, say for what, until when, and what ends the wait.",
        ),
        "approve": Lazy(
            f"{HERE}.approve:approve", "Approve a rollout at the gate after a wave, so that the next wave starts."
        ),
        "reject": Lazy(
            f"{HERE}.reject:reject", "Reject a rollout at the gate after a wave: it halts. What has run stays as it is."
        ),
        "hold": Lazy(
            f"{HERE}.hold:hold",
            "Start nothing new of a rollout for a while, or until it is resumed. Builds that are running go on.",
        ),
        "resume": Lazy(
            f"{HERE}.resume:resume", "End the hold of a rollout. With --override-freeze, let it run in a freeze."
        ),
        "cancel": Lazy(f"{HERE}.cancel:cancel", "Start nothing more of a rollout, and stop its running builds."),
        "retry": Lazy(
            f"{HERE}.retry:retry",
            "Repeat the runs of a rollout that did not succeed. A rollout that halted goes on with its next waves.",
        ),
        "rollback": Lazy(
            f"{HERE}.rollback:rollback",
            "Apply again, on each target that a rollout has reached, the last commit that succeeded there before.",
        ),
    }


app = lazy_app(RolloutGroup, "Look at rollouts, and decide about them: approve, hold, cancel, retry, roll back.")
