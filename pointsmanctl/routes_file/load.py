"""The routes of a file for a command that needs them without an error."""

from pathlib import Path

from pointsman.core.routes.compile import compile_routes
from pointsman.core.routes.compiled import CompiledRoutes
from pointsmanctl.errors import InvalidInput
from pointsmanctl.output.messages import warn
from pointsmanctl.routes_file.reader import read_routes


def load_compiled(file: Path) -> CompiledRoutes:
    """Return the compiled routes. Raises InvalidInput after every error of the file was printed."""
    try:
        routes, errors = read_routes(file)
    except OSError as problem:
        raise InvalidInput(f"{file}: {problem.strerror}") from problem
    for each in errors:
        warn(str(each))
    if routes is None:
        raise InvalidInput(f"{file} is not valid: fix the errors above")
    return compile_routes(routes)
