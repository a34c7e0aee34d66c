"""What Ansible's objects say, in the recorder's words. Nothing here renders a template or asks a host anything.

Some of it stands in attributes that Ansible does not document; the tests run every one of them with the Ansible that is
pinned in requirements.txt.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .recorder import Item, Kind, TaskOutcome
from .result import Counts


class Failures:
    """Whether Ansible counts a task as its host's failure, or a rescue section makes it good.

    Ansible removes a host from its play before it reports the failure, unless a rescue section takes it
    (StrategyBase._process_pending_results). A host that failed earlier, and is in an ``always`` section now, stays
    removed: what tells is whether it was removed once more.
    """

    def __init__(self) -> None:
        self._play: Any = None
        self._removed: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()

    def begin(self, play: Any) -> None:
        """Start with a play, or with its next batch of hosts."""
        self._play = play
        self._removed = self._begun = self._now()

    def taken_out(self) -> list[str]:
        """Hosts that were removed from the play without a failure of their own, as any_errors_fatal does."""
        return sorted(self._now() - self._begun)

    def is_failure(self, host: Any) -> bool:
        """Whether the result that is reported now removed the host from its play."""
        name, now = str(host.get_name()), self._now()
        failed = now[name] > self._removed[name]
        self._removed = now
        return failed

    def _now(self) -> Counter[str]:
        return Counter(map(str, getattr(self._play, "_removed_hosts", ())))


def outcome_of(
    result: Any, kind: Kind, items: Sequence[Item] | None, *, ignored: bool = False, rescued: bool = False
) -> TaskOutcome:
    """A task's end for one host; `items` are those of its loop, if it has one."""
    task, told = result.task, result.result
    only = item_of(result, kind)
    return TaskOutcome(
        kind=kind,
        name=_name(task, secret=only.secret if items is None else any(item.secret for item in items)),
        role=str(task._role.get_name()) if task._role else None,
        path=str(task.get_path() or ""),
        action=str(task.resolved_action or task.action),
        items=[only] if items is None else items,
        message=None if items is None else str(told.get("msg") or ""),
        ignored=ignored,
        rescued=rescued,
        changed=bool(told.get("changed")),
    )


def item_of(result: Any, kind: Kind) -> Item:
    """What one result says. Its own word on no_log counts: the task's may be a template that comes out false."""
    told = result.result
    secret = result.task.no_log is True or "censored" in told or bool(told.get("_ansible_no_log"))
    unreachable = kind == "failed" and bool(told.get("unreachable"))
    return Item("unreachable" if unreachable else kind, told, secret, _delegated_to(result))


def _delegated_to(result: Any) -> str | None:
    """The host on which a task ran, where that is not the one it ran for."""
    host = str(result.host.get_name())
    named = (result.result.get("_ansible_delegated_vars") or {}).get("ansible_delegated_host")
    if named is None and isinstance(result.task.delegate_to, str) and "{" not in result.task.delegate_to:
        named = result.task.delegate_to  # A hidden result does not say where it ran.
    return str(named) if named and str(named) != host else None


def _name(task: Any, *, secret: bool) -> str:
    """A task's name; of a secret task as it is written, for what its templates held may be the secret."""
    written = task._ds if secret else None
    if isinstance(written, Mapping) and written.get("name"):
        return str(written["name"])
    return str(task.name or task.get_name())


def counts(summary: Mapping[str, int]) -> Counts:
    """Ansible's recap of one host."""
    named = {"failed" if name == "failures" else name: int(count) for name, count in summary.items()}
    return Counts(**named)


def hosts_of(play: Any) -> tuple[list[str], list[str]]:
    """Every host of a play, and those of the batch that is next."""
    inventory = play.get_variable_manager()._inventory
    every = inventory.get_hosts(play.hosts, ignore_restrictions=True)
    return _names(every), _names(inventory.get_hosts(play.hosts))


def plays_left_out(playbook: Any) -> Iterator[tuple[str, list[str]]]:
    """The plays that never began, with their hosts. Hosts that are a template are not known, and left out."""
    for play in playbook.get_plays() if playbook else ():
        hosts = play.hosts if isinstance(play.hosts, list) else [play.hosts]
        if not any("{" in str(host) for host in hosts):
            inventory = play.get_variable_manager()._inventory
            yield str(play._uuid), _names(inventory.get_hosts(play.hosts, ignore_restrictions=True))


def _names(hosts: Sequence[Any]) -> list[str]:
    return [str(host.get_name()) for host in hosts]


def empty_roles(play: Any) -> Iterator[tuple[str, str]]:
    """Roles of a play, with their directories, that hold no file: nothing of them runs, and Ansible says nothing."""
    for role in _roles(play):
        path = Path(str(role._role_path))
        if path.is_dir() and not any(_is_of_role(found.relative_to(path)) for found in path.rglob("*")):
            yield str(role.get_name()), path.name


def _is_of_role(path: Path) -> bool:
    """Whether a path below a role's directory can be a part of the role: Git leaves `.git` in an empty submodule."""
    return not any(part.startswith(".") for part in path.parts)


def _roles(play: Any) -> Iterator[Any]:
    for roles in (getattr(play, "role_cache", None) or {}).values():
        yield from roles
