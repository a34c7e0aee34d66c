"""The JSON Schema of routes.yaml, generated from the models, for completion and checks in editors."""

import json
from typing import Any

from pointsman.core.routes.conditions import PATTERN_LISTS
from pointsman.core.routes.model import Routes
from pointsman.core.routes.values import FORMATS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def routes_schema() -> dict[str, Any]:
    """The schema. It checks single values; `pointsman routes check` also checks several parts together."""
    schema = Routes.model_json_schema(by_alias=True, mode="validation")
    parts = schema["$defs"]
    # All keys but the name may come from `defaults`.
    parts["Route"]["required"] = ["name"]
    for key, value in parts["Defaults"]["properties"].items():
        value["description"] = parts["Route"]["properties"][key]["description"]
    for selector in ("TargetChoice", "TargetSelector"):
        parts[selector]["anyOf"] = [{"required": [key]} for key in ("name", "account", "region", "environment")]
    for part in ("Events", "GateRule", "ToleranceRule"):
        parts[part]["minProperties"] = 1
    parts["SecretVariable"]["oneOf"] = [{"required": [key]} for key in ("secret", "parameter")]
    for event in ("PushCondition", "PullRequestCondition"):
        parts[event]["allOf"] = _exclusive_lists(parts[event]["properties"])
    _adapt(schema)
    schema["properties"]["accounts"]["minProperties"] = 1
    schema["patternProperties"] = {"^x-": {"description": "Ignored: a place for YAML anchors."}}
    return {"$schema": DIALECT, **schema, "title": "routes.yaml of Pointsman"}


def schema_text() -> str:
    """The text of routes.schema.json."""
    return json.dumps(routes_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _exclusive_lists(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """A list and its -ignore form exclude each other."""
    return [{"not": {"required": [key, f"{key}-ignore"]}} for key in PATTERN_LISTS if key in properties]


def _adapt(part: Any) -> None:
    """Adapt `part` and everything in it."""
    if isinstance(part, dict):
        _adapt_one(part)
        for each in list(part.values()):
            _adapt(each)
    elif isinstance(part, list):
        for each in part:
            _adapt(each)


def _without_null(part: dict[str, Any]) -> None:
    """A key without a value is an error. Only an event may have none, which means all of its kind."""
    kinds = [kind for kind in part["anyOf"] if kind != {"type": "null"}]
    if any("Condition" in kind.get("$ref", "") for kind in kinds):
        return
    del part["anyOf"]
    part |= {"anyOf": kinds} if len(kinds) > 1 else kinds[0]
    if part["default"] is None:
        del part["default"]


def _limit_list(part: dict[str, Any]) -> None:
    """Let the maximum of a list count its items: pydantic writes it so that it would count a text's characters."""
    most = part.pop("maxLength", None)
    for kind in part["anyOf"]:
        if most and kind.get("type") == "array" and "maxItems" not in kind:
            kind |= {"minItems": 1, "maxItems": most}


def _adapt_one(part: dict[str, Any]) -> None:
    """Add the rules of the validators, which the generated schema lacks, and descriptions of the formats."""
    if "anyOf" in part and "default" in part:
        _without_null(part)
    if "anyOf" in part and "maxLength" in part:
        _limit_list(part)
    if isinstance(part.get("title"), str):
        del part["title"]  # it repeats the key
    if part.get("type") == "array" and "maxItems" not in part:
        part["minItems"] = 1  # only the list of Ansible tags, which has a maximum, may be empty
    if part.get("type") == "object" and "patternProperties" in part:
        part["additionalProperties"] = False
    pattern = part.get("pattern")
    if isinstance(pattern, str) and pattern in FORMATS:
        part.setdefault("description", FORMATS[pattern])
