"""`pointsman routes`: check and explain routes.yaml."""

from typing import ClassVar

from pointsmanctl.lazy_group import Lazy, LazyGroup, lazy_app

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


app = lazy_app(RoutesGroup, "Check routes.yaml, and show what would happen.")
