"""`pointsman routes`: the team's rules, checked, explained and described."""

import typer

from pointsmanctl import routes_check, routes_explain

app = typer.Typer(help="routes.yaml: check it, and see what would happen.", no_args_is_help=True)
app.command("check")(routes_check.check)
app.command("explain")(routes_explain.explain)
app.command("schema")(routes_check.schema)
