"""Writes routes.yaml and pointsman.toml: both or none. What people wrote by hand stays, with its comments."""

import os
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pointsman.core.github_host import WEB
from pointsmanctl.errors import InvalidInput
from pointsmanctl.setup.answers import CONCURRENCY, CONNECTION, SLACK_CHANNEL, Answers

_NEW_ROUTES = """\
# The team's rules: which pushes run what, and where. `pointsman routes check` checks them; docs/routes.md of Pointsman
# has every key.
version: 1

# Where Ansible runs. The name is ours, the number is AWS's: 12 digits, in quotes.
accounts: {}

# Every account in every region is a target, named account/region.
regions: []

routes:
  # A route's name stands in the audit trail: choose it once.
  - name: site
    repository: owner/name
    on:
      push:
        branches: [main]
        paths-ignore: ['**/*.md'] # documentation alone runs nothing
    targets: all
    playbook: site.yml
"""
_NEW_CONFIG = """\
# How Pointsman is deployed: docs/command-line.md of Pointsman has every key. Nothing here is secret.
"""


def write_files(routes_file: Path, config: Path, answers: Answers, external_id: Callable[[], str]) -> list[Path]:
    """Write both files and return those that changed. Raises InvalidInput, and then writes none.

    `external_id` is called where the file has none.
    """
    contents = {
        routes_file: _routes_text(_text_of(routes_file) or _NEW_ROUTES, answers),
        config: _config_text(_text_of(config) or _NEW_CONFIG, answers, external_id),
    }
    changed = {path: text for path, text in contents.items() if text != _text_of(path)}
    _replace(changed, routes_file)
    return list(changed)


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _replace(contents: Mapping[Path, str], routes_file: Path) -> None:
    """Write everything beside the files, check it, and move it into place."""
    partial = {path: path.with_name(f".{path.name}.partial-{os.getpid()}") for path in contents}
    try:
        for path, text in contents.items():
            partial[path].write_text(text, encoding="utf-8")
        if routes_file in partial:
            _check_routes(partial[routes_file])
        for path in contents:
            partial[path].replace(path)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def _check_routes(path: Path) -> None:
    from pointsmanctl.routes_file.reader import read_routes

    _, errors = read_routes(path)
    if errors:
        raise InvalidInput("; ".join(str(each.diagnostic) for each in errors))


# --- routes.yaml


def _routes_text(text: str, answers: Answers) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    before = yaml.load(text)
    _set_accounts(data, {name: DoubleQuotedScalarString(each.id) for name, each in answers.accounts.items()})
    if tuple(data["regions"]) != answers.regions:
        _set_items(data["regions"], answers.regions)
    _set_route(data, answers)
    if data == before:
        return text
    output = StringIO()
    yaml.dump(data, output)
    return output.getvalue()


def _set_items(sequence: Any, items: Sequence[str]) -> None:
    """Replace the items of a sequence. The comment below its last item, often an empty line, stays below the last."""
    below = sequence.ca.items.pop(len(sequence) - 1, None)
    sequence.clear()
    sequence.extend(items)
    sequence.fa.set_block_style()
    if below:
        sequence.ca.items[len(sequence) - 1] = below


def _set_accounts(data: Any, ids: Mapping[str, Any]) -> None:
    """Set the ids; an account that has more than an id keeps the rest."""
    accounts = data["accounts"]
    for name, number in ids.items():
        if isinstance(accounts.get(name), dict):
            if accounts[name]["id"] != number:
                accounts[name]["id"] = number
        elif accounts.get(name) != number:
            accounts[name] = number
    accounts.fa.set_block_style()


def _set_route(data: Any, answers: Answers) -> None:
    """Set the first route in a new file; else only a repository that no route has."""
    from ruamel.yaml.comments import CommentedSeq

    route = data["routes"][0]
    if not answers.routes_exist:
        route["repository"], route["playbook"] = answers.repository, answers.playbook
        branches = CommentedSeq([answers.branch])
        branches.fa.set_flow_style()
        route["on"]["push"]["branches"] = branches
    elif answers.repository not in [name for each in data["routes"] for name in _listed(each.get("repository"))]:
        route["repository"] = answers.repository


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# --- pointsman.toml


def _config_text(text: str, answers: Answers, external_id: Callable[[], str]) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    _set(document, "region", answers.control_region)
    _set(document, "profile", answers.control_profile)
    if not document.get("external_id"):
        _set(document, "external_id", external_id())
    if answers.run_image:
        _table(document, "image")
    if answers.github_url != WEB or "github" in document:
        _set(_table(document, "github"), "url", answers.github_url)
    parameters = _table(document, "parameters")
    _set(parameters, SLACK_CHANNEL, answers.slack_channel)
    if not answers.reserves_concurrency and CONCURRENCY not in parameters:
        parameters[CONCURRENCY] = 0
    for name, account in answers.accounts.items():
        table = _table(_table(document, "accounts", is_super=True), name)
        _set(table, "profile", account.profile)
        if account.connection or "parameters" in table:
            _set(_table(table, "parameters"), CONNECTION, account.connection or None)
    return tomlkit.dumps(document)


def _set(table: Any, key: str, value: str | None) -> None:
    """Set a value, or remove it; a value that stays the same keeps its form and comment."""
    if value is None:
        table.pop(key, None)
    elif table.get(key) != value:
        table[key] = value


def _table(parent: Any, name: str, *, is_super: bool = False) -> Any:
    import tomlkit

    if name not in parent:
        parent[name] = tomlkit.table(is_super_table=is_super)
    return parent[name]
