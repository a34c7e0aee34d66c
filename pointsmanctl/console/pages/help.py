"""The page that explains the keys, which works without a script, too."""

from starlette.requests import Request
from starlette.responses import Response

from pointsmanctl.console.rendering import page


def help_page(request: Request) -> Response:
    """Show the keys."""
    return page(request, "help.html")
