"""`pointsman audit`: search the audit trail, or ask it about one host, file or event."""

from typing import ClassVar

from pointsmanctl.commands.audit.search import audit
from pointsmanctl.lazy_group import LazyGroup, lazy_app

HERE = "pointsmanctl.commands.audit"


class AuditGroup(LazyGroup):
    """Commands about the trail. Without one of them, the options are a search."""

    lazy: ClassVar = {}


app = lazy_app(
    AuditGroup,
    "Search the audit trail: who, which commit, which target, which host, which tasks changed.\n\n"
    "An event is shown if it meets every condition.",
    alone=audit,
)
