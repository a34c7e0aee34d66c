"""`pointsman github-app`: one GitHub App with its own webhook for all repositories."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.options import RegionOption, StackOption

if TYPE_CHECKING:
    from pointsmanctl.apps.control_stack import ControlStack
    from pointsmanctl.apps.github_api import AppCredentials, AppIdentity
    from pointsmanctl.apps.github_app import AppSetup
    from pointsmanctl.apps.github_manifest import AppRequest


def github_app(
    organization: Annotated[
        str | None, typer.Option(help="The organization that owns the App.", show_default="your own account")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the App, unique on GitHub; editable there.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open the pages in the browser of this machine.")] = False,
    page: Annotated[
        Path | None,
        typer.Option(
            help="Write the page to this file, for a browser on another machine, and read the answer's address."
        ),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Register another App instead of the stored one.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace stored credentials without a question.")] = False,
    config: Annotated[Path, typer.Option(help="Profile and name of the stack.")] = Path("pointsman.toml"),
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Register the GitHub App that sends webhooks and answers questions about changed files.

    GitHub sends the App's key once; it goes into Secrets Manager and nowhere else. Can be interrupted and repeated: an
    App that is registered is continued with. Webhooks of single repositories keep working.
    """
    from pointsmanctl.apps.control_stack import find_control_stack
    from pointsmanctl.apps.github_api import GithubApps
    from pointsmanctl.apps.github_app import AppSetup, read_stored_app, secret_name
    from pointsmanctl.apps.terminal import confirm
    from pointsmanctl.output.messages import note
    from pointsmanctl.stack.github import github_api_url
    from pointsmanctl.stack.secret_names import webhook_secret

    control = find_control_stack(config, stack, region)
    setup = AppSetup(control, GithubApps(github_api_url(control.state.parameters)), secret_name(control))
    stored = read_stored_app(control.read_secret(setup.secret))
    if stored.credentials and not new:
        app = stored.credentials
        note(f"App {app.app_id} is registered. Continuing with it; --new registers another one.")
    else:
        if not stored.is_empty:
            confirm(f"Replace the credentials in {setup.secret}? The new App must be installed, too.", yes=yes)
        app = setup.register(_code(control, organization, name, page, open_it=open_it))
        note(f"App {app.app_id} is registered, and its key is in the secret {setup.secret}.")
    identity = setup.github.identity(app)
    setup.connect_webhook(app)
    signer = webhook_secret(control.name, control.state)
    note(f"It sends its events to {control.output('WebhookUrl')}, signed with {signer}.")
    _install(setup, app, identity, open_it=open_it)
    _use(config, setup.secret, control.parameter("GithubApiSecretName"))


def _code(
    control: "ControlStack", organization: str | None, name: str | None, page: Path | None, *, open_it: bool
) -> str:
    """Have a person create the App on GitHub, and return the temporary code."""
    import secrets

    from pointsmanctl.apps.github_manifest import AppRequest, app_name
    from pointsmanctl.apps.redirect_server import redirect_server
    from pointsmanctl.apps.terminal import show_address
    from pointsmanctl.stack.github import registration_url

    def request(redirect_url: str) -> AppRequest:
        return AppRequest(
            github_url=registration_url(control.state.parameters),
            name=name or app_name(control.name, organization, secrets.token_hex(3)),
            webhook_url=control.output("WebhookUrl"),
            redirect_url=redirect_url,
            state=secrets.token_urlsafe(24),
            organization=organization,
        )

    if page:
        return _pasted_code(page, request(f"http://127.0.0.1:{49152 + secrets.randbelow(16384)}/created"))
    with redirect_server() as server:
        address = server.start(request(server.redirect_url))
        show_address("Open this page in a browser on this machine, and create the App:", address, open_it=open_it)
        return server.wait()


def _pasted_code(page: Path, request: "AppRequest") -> str:
    """Write the page, and read the address that GitHub leads to: nothing listens there, but it has the code."""
    from pointsmanctl.apps.terminal import read_secret_line
    from pointsmanctl.errors import InvalidInput
    from pointsmanctl.output.messages import note

    try:
        page.write_text(request.page(), encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{page} cannot be written: {error.strerror}") from error
    note(f"Open {page} in a browser, and create the App. GitHub then leads to a page that does not load.")
    return request.code_of_address(read_secret_line("Paste the address of that page"))


def _install(setup: "AppSetup", app: "AppCredentials", identity: "AppIdentity", *, open_it: bool) -> None:
    """Have a person install the App, and wait for it."""
    from pointsmanctl.apps.github_app import INSTALL_SECONDS
    from pointsmanctl.apps.terminal import show_address
    from pointsmanctl.output.messages import note

    if setup.github.installation(app, identity.owner) is None:
        address = f"{identity.url}/installations/new"
        show_address(f"Install {identity.name} on your repositories; this command waits:", address, open_it=open_it)
    setup.connect_installation(app, identity, INSTALL_SECONDS)
    note(f"App {identity.name} is installed in {identity.owner}.")


def _use(config: Path, secret: str, deployed: str) -> None:
    """Name the secret in pointsman.toml, and say what is left to do."""
    from pointsmanctl.apps.deployed_parameter import set_parameter
    from pointsmanctl.apps.github_app import PARAMETER
    from pointsmanctl.output.messages import note

    written = set_parameter(config, PARAMETER, secret)
    if deployed == secret:
        note("Done. The next push is decided with the App.")
    elif written:
        note(
            f"{config} names the secret now ({PARAMETER}). Next: `pointsman deploy`, so that the receiver asks GitHub "
            "as this App."
        )
    else:
        note(f"Next: set {PARAMETER} to {secret} in pointsman.toml or samconfig.toml, and deploy.")
