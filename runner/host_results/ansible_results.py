"""Translates Ansible's objects for the recorder. Nothing here renders a template or connects to a host.

Some of the attributes are not documented. The tests use each of them with the Ansible of requirements.txt.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .recorder import ItemResult, ResultKind, TaskOutcome
from .result import Counts


class Failures:
    """Whether a failed task fails its host, or a rescue section handles it.

    Ansible removes a host from its play before it reports the failure, unless a rescue section handles it
    (StrategyBase._process_pending_results). A host that failed earlier and is now in an ``always`` section is already
    removed, and is removed once more.
    """

    def __init__(self) -> None:
        self._play: Any = None
        self._removed: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()

    def begin(self, play: Any) -> None:
        """Start a play, or its next batch of hosts."""
        self._play = play
        self._removed = self._begun = self._now()

    def removed_hosts(self) -> list[str]:
        """Hosts that Ansible removed from the play without a failure, as any_errors_fatal does."""
        return sorted(self._now() - self._begun)

    def is_failure(self, host: Any) -> bool:
        """Whether the current result removed the host from its play."""
        name, now = str(host.get_name()), self._now()
        failed = now[name] > self._removed[name]
        self._removed = now
        return failed

    def _now(self) -> Counter[str]:
        return Counter(map(str, getattr(self._play, "_removed_hosts", ())))


def outcome_of(
    result: Any, kind: ResultKind, items: Sequence[ItemResult] | None, *, ignored: bool = False, rescued: bool = False
) -> TaskOutcome:
    """The outcome of a task on one host. `items` are the results of its loop, if it has one."""
    task, content = result.task, result.result
    only = item_of(result, kind)
    return TaskOutcome(
        kind=kind,
        name=_name(task, secret=only.secret if items is None else any(item.secret for item in items)),
        role=str(task._role.get_name()) if task._role else None,
        path=str(task.get_path() or ""),
        action=str(task.resolved_action or task.action),
        items=[only] if items is None else items,
        message=None if items is None else str(content.get("msg") or ""),
        ignored=ignored,
        rescued=rescued,
        changed=bool(content.get("changed")),
    )


def item_of(result: Any, kind: ResultKind) -> ItemResult:
    """The result of a task or an item. The result's no_log counts, as the task's may be a template that is false."""
    content = result.result
    secret = result.task.no_log is True or "censored" in content or bool(content.get("_ansible_no_log"))
    unreachable = kind == "failed" and bool(content.get("unreachable"))
    return ItemResult("unreachable" if unreachable else kind, content, secret, _delegated_to(result))


def _delegated_to(result: Any) -> str | None:
    """The host on which a delegated task ran."""
    host = str(result.host.get_name())
    delegate = (result.result.get("_ansible_delegated_vars") or {}).get("ansible_delegated_host")
    if delegate is None and isinstance(result.task.delegate_to, str) and "{" not in result.task.delegate_to:
        delegate = result.task.delegate_to  # A result with no_log does not have the host.
    return str(delegate) if delegate and str(delegate) != host else None


def _name(task: Any, *, secret: bool) -> str:
    """A task's name. For a secret task, the name in the playbook: the rendered one may contain the secret."""
    source = task._ds if secret else None
    if isinstance(source, Mapping) and source.get("name"):
        return str(source["name"])
    return str(task.name or task.get_name())


def counts(summary: Mapping[str, int]) -> Counts:
    """Ansible's recap of one host."""
    return Counts(**{"failed" if name == "failures" else name: int(count) for name, count in summary.items()})


def hosts_of(play: Any) -> tuple[list[str], list[str]]:
    """Every host of a play, and those of its next batch."""
    inventory = play.get_variable_manager()._inventory
    every = inventory.get_hosts(play.hosts, ignore_restrictions=True)
    return _names(every), _names(inventory.get_hosts(play.hosts))


def all_plays(playbook: Any) -> Iterator[tuple[str, list[str]]]:
    """Each play by its id, with its hosts. Plays whose hosts are a template are left out, as it is not rendered."""
    for play in playbook.get_plays() if playbook else ():
        hosts = play.hosts if isinstance(play.hosts, list) else [play.hosts]
        if not any("{" in str(host) for host in hosts):
            inventory = play.get_variable_manager()._inventory
            yield str(play._uuid), _names(inventory.get_hosts(play.hosts, ignore_restrictions=True))


def _names(hosts: Sequence[Any]) -> list[str]:
    return [str(host.get_name()) for host in hosts]


def empty_roles(play: Any) -> Iterator[tuple[str, str]]:
    """Roles of a play without any file, with their directories. Nothing of them runs, and Ansible does not warn."""
    for role in _roles(play):
        path = Path(str(role._role_path))
        if path.is_dir() and not any(_belongs_to_role(file.relative_to(path)) for file in path.rglob("*")):
            yield str(role.get_name()), path.name


def _belongs_to_role(path: Path) -> bool:
    """Whether a path in a role's directory can belong to the role. Git leaves `.git` in an empty submodule."""
    return not any(part.startswith(".") for part in path.parts)


def _roles(play: Any) -> Iterator[Any]:
    for roles in (getattr(play, "role_cache", None) or {}).values():
        yield from roles
