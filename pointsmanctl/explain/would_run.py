"""The playbook of a rollout spec with its limit, tags and variables, and its targets."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from pointsman.core.model import Mode, RolloutSpec
from pointsman.core.text import escape_invisible


def would_run(spec: RolloutSpec) -> list[dict[str, Any]]:
    """Return mode, playbook, limit, tags, extra_vars and the targets that share them, for programs."""
    groups: dict[str, dict[str, Any]] = {}
    for target in spec.targets:
        settings = spec.settings_on(target).to_dict()
        common = groups.setdefault(
            json.dumps(settings, sort_keys=True), {"mode": spec.mode.value, **settings, "targets": []}
        )
        common["targets"].append(target.name)
    return list(groups.values())


def command_lines(spec: RolloutSpec) -> Iterator[Text]:
    """Yield the command and its targets, for people."""
    for group in would_run(spec):
        words = ["ansible-playbook", group["playbook"]]
        words += ["--check"] if spec.mode is Mode.CHECK else []
        words += [f"--limit={group['limit']}"] if group["limit"] else []
        words += [f"--tags={','.join(group['tags'])}"] if group["tags"] else []
        words += [f"--extra-vars={json.dumps(group['extra_vars'], ensure_ascii=False)}"] if group["extra_vars"] else []
        yield Text.assemble(
            (f"{spec.route}: ", "bold"),
            escape_invisible(shlex.join(words)),
            ("  on ", "dim"),
            ", ".join(group["targets"]),
        )
