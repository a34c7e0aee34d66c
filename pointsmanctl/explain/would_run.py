"""The playbook of a rollout spec with its limit, tags and variables, and its targets."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from pointsman.core.model import Mode, RolloutSpec
from pointsman.core.text import escape_invisible


def would_run(spec: RolloutSpec) -> list[dict[str, Any]]:
    """Return mode, playbook, limit, tags, extra_vars, options and the targets that share them, for programs."""
    groups: dict[str, dict[str, Any]] = {}
    for target in spec.targets:
        settings = {"options": {}} | spec.settings_on(target).to_dict()
        common = groups.setdefault(
            json.dumps(settings, sort_keys=True), {"mode": spec.mode.value, **settings, "targets": []}
        )
        common["targets"].append(target.name)
    return list(groups.values())


def command_lines(spec: RolloutSpec) -> Iterator[Text]:
    """Yield the command and its targets, for people."""
    for group in would_run(spec):
        directory = group["options"].get("directory")
        yield Text.assemble(
            (f"{spec.route}: ", "bold"),
            escape_invisible(_command(group)),
            *((("  in ", "dim"), f"{directory}/") if directory else ()),
            ("  on ", "dim"),
            ", ".join(group["targets"]),
        )
        for name, source in group["options"].get("secrets", {}).items():
            yield Text.assemble(("  secret variable ", "dim"), name, (" from ", "dim"), _source(source))


def _command(group: dict[str, Any]) -> str:
    """The command that a build runs, as a shell would take it."""
    options = group["options"]
    vault = (f"{each.get('id', 'default')}@{each['secret']}" for each in options.get("vault", ()))
    words = [
        "ansible-playbook",
        group["playbook"],
        *["--check"] * (group["mode"] == Mode.CHECK),
        *(f"--inventory={path}" for path in options.get("inventory", ())),
        *[f"--limit={group['limit']}"] * bool(group["limit"]),
        *[f"--tags={','.join(group['tags'])}"] * bool(group["tags"]),
        *[f"--skip-tags={','.join(options.get('skip_tags', ()))}"] * bool(options.get("skip_tags")),
        *[f"--forks={options.get('forks')}"] * ("forks" in options),
        *[f"-{'v' * options.get('verbosity', 0)}"] * bool(options.get("verbosity")),
        *(f"--vault-id={each}" for each in vault),
        *[f"--extra-vars={json.dumps(group['extra_vars'], ensure_ascii=False)}"] * bool(group["extra_vars"]),
    ]
    variables = (f"{name}={shlex.quote(value)}" for name, value in options.get("environment", {}).items())
    return " ".join((*variables, shlex.join(words)))


def _source(source: dict[str, str]) -> str:
    """`secret prod/db, key password` or `parameter /prod/db`."""
    return ", ".join(f"{kind} {source[kind]}" for kind in ("secret", "key", "parameter") if kind in source)
