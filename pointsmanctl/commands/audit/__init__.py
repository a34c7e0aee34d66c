"""`pointsman audit`: search the audit trail, or ask it about one host, file or event."""

from typing import ClassVar

from pointsmanctl.commands.audit.search import audit
from pointsmanctl.lazy_group import Lazy, LazyGroup, lazy_app

HERE = "pointsmanctl.commands.audit"


class AuditGroup(LazyGroup):
    """Commands about the trail. Without one of them, the options are a search."""

    lazy: ClassVar = {
        "host": Lazy(
            f"{HERE}.host:host", "Show the history of a host: when which commit of whom did what to it, newest first."
        ),
        "blame": Lazy(
            f"{HERE}.blame:blame",
            "Show who last changed a file on a host, and who before: the task, its commit, who pushed and approved it.",
        ),
        "show": Lazy(f"{HERE}.show:show", "Show everything about one event."),
        "verify": Lazy(
            f"{HERE}.verify:verify",
            "Prove that the audit trail is complete and unaltered, or name the first event that is not.",
        ),
        "backfill": Lazy(
            f"{HERE}.backfill:backfill",
            "Add events of the audit table to the archive that it does not have: older ones, and lost ones.",
        ),
        "report": Lazy(
            f"{HERE}.report:report",
            "Write a report of a month, or of another time, from the audit trail.",
        ),
        "reindex": Lazy(
            f"{HERE}.reindex:reindex", "Make the index of the audit trail anew, or compare it with the trail."
        ),
    }


app = lazy_app(
    AuditGroup,
    "Search the audit trail: who, which commit, which target, which host, which tasks changed.\n\n"
    "An event is shown if it meets every condition.",
    alone=audit,
)
