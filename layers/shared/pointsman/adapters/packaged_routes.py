"""The compiled routes.yaml in the routes layer."""

from importlib import import_module
from pathlib import Path

from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Misconfigured

PACKAGE, FILE = "pointsman_routes", "routes.json"


def packaged_routes() -> CompiledRoutes:
    """Read the routes. Raises Misconfigured if the layer is missing or was built by another version."""
    try:
        # A layer is a directory. importlib.resources reads archives too, and takes 4 ms of a cold start.
        compiled = Path(str(import_module(PACKAGE).__file__)).with_name(FILE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise Misconfigured(
            f"the routes layer is missing: {PACKAGE}/{FILE} does not exist; build and deploy again"
        ) from error
    try:
        return CompiledRoutes.read(compiled)
    except ValueError as error:
        raise Misconfigured(
            f"{PACKAGE}/{FILE} was compiled by another version of Pointsman; build and deploy again: {error}"
        ) from error
