"""`pointsman routes schema`: the JSON Schema of routes.yaml, for editors."""

import sys


def schema() -> None:
    """Print the JSON Schema of routes.yaml, for editors."""
    from pointsman.core.routes.schema import schema_text

    sys.stdout.write(schema_text())
