"""Authorises lambda:GetLayerVersion by the layer version's ARN, as AWS does.

Gap: the emulator authorises every GET of a layer as lambda:ListLayers, on `*` or on the layer without its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localcloud.aws.emulator import iam_actions

_ACTION: Final = "lambda:GetLayerVersion"


def install() -> None:
    """Extend the emulator's mapping of requests to actions and resources."""
    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def action(service: str, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        return (
            _ACTION
            if _layer_version(service, method, path, query)
            else action_of(service, method, path, headers, body, query)
        )

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any) -> Any:
        return _layer_version(service, method, path, query) or resource_of(
            service, method, path, headers, body, query, *rest
        )

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource


def _layer_version(service: str, method: str, path: str, query: Mapping[str, Any]) -> str:
    """The ARN in a request of GetLayerVersionByArn; empty for any other request."""
    is_layers = service == "lambda" and method == "GET" and path.rstrip("/").endswith("/layers")
    values = query.get("Arn") or [""]
    arn = values if isinstance(values, str) else values[0]
    return str(arn) if is_layers else ""
