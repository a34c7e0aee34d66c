"""`pointsman console`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.messages import note
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsmanctl.console.security import ConsoleAccess
    from pointsmanctl.stack.connection import Connection


def console(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1.", show_default="a free one")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in your browser.")] = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show rollouts, hosts and the audit trail on a local web page, until Ctrl-C.

    It reads with your own AWS credentials and changes nothing. Only this machine reaches the page, and only with the
    address that is printed.
    """
    connection = connect_stack(cloud, stack, region)

    from pointsmanctl.console.server import listen, open_browser, serve
    from pointsmanctl.console.source import ConsoleSource

    def started(access: "ConsoleAccess") -> None:
        typer.echo(access.url(access.token))
        note("Ctrl-C ends the console.")
        if browser:
            open_browser(access.url(access.ticket))

    with listen(port) as listener:
        serve(ConsoleSource.of(connection, _place(connection, stack)), listener, started)
    raise typer.Exit(ExitCode.INTERRUPTED)


def _place(connection: "Connection", stack: str | None) -> str:
    """Return which stack it is, for people."""
    from pointsmanctl.stack.settings import read_settings

    name = read_settings(stack).stack
    region = connection.session.region_name or ""
    return f"local cloud · {region}" if connection.endpoint else f"{name} · {region}"
