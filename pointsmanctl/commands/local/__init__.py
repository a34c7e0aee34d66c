"""`pointsman local`: AWS, GitHub and Slack on this machine. Only this package and the demo import the local cloud."""

from typing import Any, ClassVar

from pointsmanctl.errors import CloudUnavailable
from pointsmanctl.lazy_group import Lazy, LazyGroup, lazy_app

HERE = "pointsmanctl.commands.local"


class LocalGroup(LazyGroup):
    """Commands for the local cloud of this checkout."""

    lazy: ClassVar = {
        "up": Lazy(f"{HERE}.up:up", "Start the local cloud, deploy the templates and leave it running."),
        "status": Lazy(f"{HERE}.status:status", "Show the addresses and the running builds of the local cloud."),
        "down": Lazy(f"{HERE}.down:down", "Stop the local cloud."),
        "push": Lazy(
            f"{HERE}.push:push", "Commit one file to the local repository, push it, and show the receiver's answer."
        ),
        "demo": Lazy(f"{HERE}.demo:demo", "Show the main job on a local cloud of its own, from push to audit trail."),
    }

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises CloudUnavailable in an installation, which has no emulator."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] != "localcloud":
                raise
            raise CloudUnavailable(
                "the local cloud is not part of this installation; run it from a checkout of Pointsman: `make up`"
            ) from error


app = lazy_app(LocalGroup, "The local cloud: Pointsman on this machine, without AWS.")
