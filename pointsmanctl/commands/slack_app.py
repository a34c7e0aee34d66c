"""`pointsman slack-app`: the Slack app by its manifest, and its token in Secrets Manager."""

from pathlib import Path
from typing import Annotated

import typer

from pointsmanctl.options import RegionOption, StackOption


def slack_app(
    name: Annotated[str, typer.Option(help="Name of the app and its bot.")] = "pointsman",
    private_channel: Annotated[bool, typer.Option("--private-channel", help="The channel is a private one.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open Slack's page in the browser of this machine.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace a stored token without a question.")] = False,
    config: Annotated[Path, typer.Option(help="Profile and name of the stack.")] = Path("pointsman.toml"),
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Create the Slack app by its manifest, and store its bot token.

    The token is read from the terminal, where it is not shown, or from standard input. Slack is asked whether it is
    valid before it is stored in Secrets Manager.
    """
    from pointsmanctl.apps.control_stack import find_control_stack
    from pointsmanctl.apps.slack_app import DESCRIPTION, check_channel, check_token, has_token
    from pointsmanctl.apps.slack_manifest import creation_url, slack_manifest
    from pointsmanctl.apps.terminal import confirm, read_secret_line, show_address
    from pointsmanctl.output.messages import note
    from pointsmanctl.stack.secret_names import slack_secret

    control = find_control_stack(config, stack, region)
    secret = slack_secret(control.name, control.state)
    if has_token(control.read_secret(secret)):
        confirm(f"Replace the token in {secret}?", yes=yes)
    url = creation_url(slack_manifest(name, private_channel=private_channel), control.parameter("SlackApiUrl"))
    show_address("Open this page, create the app, and install it in your workspace:", url, open_it=open_it)
    note("Then copy the Bot User OAuth Token (xoxb-...) from the app's page OAuth & Permissions.")
    token = read_secret_line("Paste the token")
    note(f"{check_token(control, token)}.")
    control.store_secret(secret, token, DESCRIPTION)
    note(f"The token is in the secret {secret}.")
    note(check_channel(control, token))
