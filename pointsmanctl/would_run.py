"""What an order would run: a playbook with its limit, tags and variables, and on which targets."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from pointsman.core.model import Mode, Order
from pointsman.core.text import shown


def would_run(order: Order) -> list[dict[str, Any]]:
    """For programs: mode, playbook, limit, tags, extra_vars, and the targets that have these in common."""
    groups: dict[str, dict[str, Any]] = {}
    for target in order.targets:
        settings = order.settings_on(target).model_dump(mode="json")
        common = groups.setdefault(
            json.dumps(settings, sort_keys=True), {"mode": order.mode.value, **settings, "targets": []}
        )
        common["targets"].append(target.name)
    return list(groups.values())


def told(order: Order) -> Iterator[Text]:
    """For people: the command, and where."""
    for group in would_run(order):
        words = ["ansible-playbook", group["playbook"]]
        words += ["--check"] if order.mode is Mode.CHECK else []
        words += [f"--limit={group['limit']}"] if group["limit"] else []
        words += [f"--tags={','.join(group['tags'])}"] if group["tags"] else []
        words += [f"--extra-vars={json.dumps(group['extra_vars'], ensure_ascii=False)}"] if group["extra_vars"] else []
        yield Text.assemble(
            (f"{order.route}: ", "bold"), shown(shlex.join(words)), ("  on ", "dim"), ", ".join(group["targets"])
        )
