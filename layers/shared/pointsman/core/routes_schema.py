"""The JSON Schema of routes.yaml, made from the models: for editors, which complete and check while somebody types."""

from typing import Any

from pointsman.core.route_values import FORMS
from pointsman.core.routes import Routes

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def routes_schema() -> dict[str, Any]:
    """The schema. It knows each value's form; what concerns several parts is for `pointsman routes check`."""
    schema = Routes.model_json_schema(by_alias=True, mode="validation")
    # Everything but its name may come from `defaults`.
    schema["$defs"]["Route"]["required"] = ["name"]
    schema["patternProperties"] = {"^x-": {"description": "Passed over: a place for YAML anchors."}}
    _told(schema)
    return {"$schema": DIALECT, **schema, "title": "routes.yaml of Pointsman"}


def _told(part: Any) -> None:
    """Say each form in words, leave out the titles, which repeat the keys, and take YAML's empty conditions."""
    if isinstance(part, list):
        for each in part:
            _told(each)
    if not isinstance(part, dict):
        return
    if isinstance(part.get("title"), str):
        del part["title"]
    form = part.get("pattern")
    if isinstance(form, str) and form in FORMS:
        part.setdefault("description", FORMS[form])
    for each in list(part.values()):
        _told(each)
