"""The team's rules as the routes layer brings them."""

from importlib import resources

from pydantic import ValidationError

from pointsman.core.routes.model import Routes
from pointsman.errors import Misconfigured

PACKAGE, FILE = "pointsman_routes", "routes.json"


def packaged_routes() -> Routes:
    """The compiled rules. Raises Misconfigured when the layer is missing or was built by another version."""
    try:
        compiled = resources.files(PACKAGE).joinpath(FILE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise Misconfigured(f"the routes layer is missing: there is no {PACKAGE}/{FILE}") from error
    try:
        return Routes.model_validate_json(compiled)
    except ValidationError as error:
        raise Misconfigured(f"{PACKAGE}/{FILE} was not compiled for this version: {error}") from error
