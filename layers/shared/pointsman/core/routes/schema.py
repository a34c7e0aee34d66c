"""The JSON Schema of routes.yaml, made from the models: for editors, which complete and check while somebody types."""

import json
from typing import Any

from pointsman.core.routes.conditions import PATTERN_LISTS
from pointsman.core.routes.model import Routes
from pointsman.core.routes.values import FORMS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def routes_schema() -> dict[str, Any]:
    """The schema. It knows each value's form; what concerns several parts is for `pointsman routes check`."""
    schema = Routes.model_json_schema(by_alias=True, mode="validation")
    parts = schema["$defs"]
    # Everything but its name may come from `defaults`.
    parts["Route"]["required"] = ["name"]
    for key, value in parts["Defaults"]["properties"].items():
        value["description"] = parts["Route"]["properties"][key]["description"]
    parts["TargetChoice"]["anyOf"] = [{"required": [key]} for key in ("name", "account", "region", "environment")]
    parts["Events"]["minProperties"] = 1
    for event in ("PushCondition", "PullRequestCondition"):
        parts[event]["allOf"] = _twins(parts[event]["properties"])
    _adapt(schema)
    schema["properties"]["accounts"]["minProperties"] = 1
    schema["patternProperties"] = {"^x-": {"description": "Passed over: a place for YAML anchors."}}
    return {"$schema": DIALECT, **schema, "title": "routes.yaml of Pointsman"}


def schema_text() -> str:
    """The schema as routes.schema.json has it."""
    return json.dumps(routes_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _twins(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """A list and its -ignore twin do not stand beside each other."""
    return [{"not": {"required": [key, f"{key}-ignore"]}} for key in PATTERN_LISTS if key in properties]


def _adapt(part: Any) -> None:
    """Adapt `part` and all that is in it."""
    if isinstance(part, dict):
        _adapt_one(part)
        for each in list(part.values()):
            _adapt(each)
    elif isinstance(part, list):
        for each in part:
            _adapt(each)


def _without_null(part: dict[str, Any]) -> None:
    """A key that stands empty is a fault, but for an event, of which all are taken then."""
    kinds = [kind for kind in part["anyOf"] if kind != {"type": "null"}]
    if any("Condition" in kind.get("$ref", "") for kind in kinds):
        return
    del part["anyOf"]
    part |= {"anyOf": kinds} if len(kinds) > 1 else kinds[0]
    if part["default"] is None:
        del part["default"]


def _adapt_one(part: dict[str, Any]) -> None:
    """Say what the validators know and the models' schema does not, and each form in words."""
    if "anyOf" in part and "default" in part:
        _without_null(part)
    if isinstance(part.get("title"), str):
        del part["title"]  # it repeats the key
    if part.get("type") == "array" and "maxItems" not in part:
        part["minItems"] = 1  # of all lists only that of Ansible's tags, which has an upper bound, may be empty
    if part.get("type") == "object" and "patternProperties" in part:
        part["additionalProperties"] = False
    form = part.get("pattern")
    if isinstance(form, str) and form in FORMS:
        part.setdefault("description", FORMS[form])
