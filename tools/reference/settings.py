"""The keys of pointsman.toml."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from pointsmanctl.deployment.settings import DeploySettings
from tools.markdown import code, page, table
from tools.reference.comments import field_comments

INTRODUCTION = """\
`pointsman init` writes the file; [how it is used](../command-line.md#deploy) has an example. Nothing in it is secret. A
key that is not here is an error. `~/.config/pointsman/config.toml` may have `stack`, `region` and `profile`.
"""


def pointsman_toml() -> str:
    """Return the page."""
    return page(
        "pointsman.toml",
        "`pointsmanctl/deployment/settings.py`",
        INTRODUCTION,
        table(["key", "meaning", "default"], list(_keys(DeploySettings, ""))),
    )


def _keys(model: type[BaseModel], prefix: str) -> Iterator[list[str]]:
    """Yield each key with its meaning and default; keys of tables with the table's name."""
    comments = field_comments(model)
    for name, each in model.model_fields.items():
        inner, placeholder = _table_of(each.annotation)
        if inner:
            yield from _keys(inner, f"{prefix}{name}.{placeholder}" if placeholder else f"{prefix}{name}.")
        else:
            default = each.get_default(call_default_factory=True)
            shown = "" if default in (None, {}) else code(str(default))
            key = f"{prefix}{name}.NAME" if name == "parameters" else f"{prefix}{name}"
            yield [code(key), comments.get(name, ""), shown]


def _table_of(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the model of a table, and the placeholder for its name if there are several; None for a value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    models = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    is_named = get_origin(annotation) is dict
    return (models[0], "NAME." if is_named else "") if models else (None, "")
