"""`pointsman routes`: check and explain routes.yaml."""

from typing import ClassVar

import typer

from pointsmanctl.lazy_group import CONTEXT, Lazy, LazyGroup

HERE = "pointsmanctl.commands.routes"


class RoutesGroup(LazyGroup):
    """Commands about routes.yaml; none of them needs a stack."""

    lazy: ClassVar = {
        "check": Lazy(
            f"{HERE}.check:check", "Check routes.yaml: name each error and warning with its line and column."
        ),
        "explain": Lazy(
            f"{HERE}.explain:explain",
            "Show what each route decides about a change, why, and by which pattern and file.",
        ),
        "schema": Lazy(f"{HERE}.schema:schema", "Print the JSON Schema of routes.yaml, for editors."),
    }


app = typer.Typer(
    cls=RoutesGroup,
    callback=lambda: None,
    help="Check routes.yaml, and show what would happen.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings=CONTEXT,
)
