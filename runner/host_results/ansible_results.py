"""Translates Ansible's objects for the recorder. Nothing here renders a template or connects to a host.

Some of the attributes are not documented. The tests use each of them with the Ansible of requirements.txt.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.playbook.handler import Handler  # type: ignore[import-untyped]

from .outcome import ItemResult, ResultKind, TaskKind, TaskOutcome
from .result import Counts
from .watching import call_after

_INSTANCE_VARIABLES = ("instance_id", "ansible_aws_ssm_instance_id")
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")  # the trail takes no longer one
_ASYNC_STATUS = "async_status"
_END_HOST = "end_host"
_END_ALL = ("end_batch", "end_play")


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
        self._left: set[str] = set()  # the play, by themselves
        self.ended_hosts: set[str] = set()  # for which a task ended a play: theirs alone, or that of all hosts

    def watch(self) -> None:
        """Start watching which hosts leave a play by themselves: no event says so. Raises with another Ansible."""
        from ansible.plugins.strategy import StrategyBase  # type: ignore[import-untyped]  # noqa: PLC0415

        call_after(StrategyBase, "_execute_meta", self._ran_meta)

    def begin(self, play: Any) -> None:
        """Start a play, or its next batch of hosts."""
        self._play = play
        self._removed = self._begun = self._now()
        self._left = set()

    def removed_hosts(self) -> list[str]:
        """Hosts that Ansible removed from the play without a failure, as any_errors_fatal does.

        For a host with `meta: end_host`, the play is over as it says: nothing is left to do there.
        """
        return sorted((self._now() - self._begun).keys() - self._left)

    def is_failure(self, host: Any) -> bool:
        """Whether the current result removed the host from its play."""
        name, now = str(host.get_name()), self._now()
        failed = now[name] > self._removed[name]
        self._removed = now
        return failed

    def _ran_meta(self, results: Any, _strategy: Any, task: Any, *_: Any, **_more: Any) -> None:
        if all(each.utr.skipped for each in results):
            return
        if task._get_meta() == _END_HOST:
            self._left.update(str(each.host.get_name()) for each in results)
            self.ended_hosts |= self._left
        elif task._get_meta() in _END_ALL:
            self.ended_hosts.update(self._now() - self._begun)

    def _now(self) -> Counter[str]:
        return Counter(map(str, getattr(self._play, "_removed_hosts", ())))


def outcome_of(
    result: Any, kind: ResultKind, items: Sequence[ItemResult] | None, attempts: int = 1, *, is_check: bool = False
) -> TaskOutcome:
    """The outcome of a task on one host. `items` are the results of its loop that changed something or failed."""
    task, content = result.task, result.result
    only = item_of(result, kind, attempts)
    every = [only] if items is None else items
    secret = any(item.secret for item in every) or any(map(_is_censored, content.get("results") or ()))
    return TaskOutcome(
        kind=kind,
        name=_name(task, secret=secret),
        role=str(task._role.get_name()) if task._role else None,
        path=str(task.get_path() or ""),
        action=action_of(task),
        items=every,
        message=None if items is None else str(content.get("msg") or ""),
        changed=bool(content.get("changed")),
        task_kind=_kind_of(task, is_check=is_check),
    )


def key_of(result: Any) -> tuple[str, str]:
    """The host and the id of the task."""
    return str(result.host.get_name()), str(result.task._uuid)


def action_of(task: Any) -> str:
    """The module of a task by its full name, if Ansible has resolved it."""
    return str(task.resolved_action or task.action)


def item_of(result: Any, kind: ResultKind, attempts: int = 1, *, is_of_loop: bool = False) -> ItemResult:
    """The result of a task or an item. The result's no_log counts, as the task's may be a template that is false."""
    content = result.result
    secret = result.task.no_log is True or _is_censored(content)
    unreachable = kind == "failed" and bool(content.get("unreachable"))
    return ItemResult(
        "unreachable" if unreachable else kind, content, secret, _delegated_to(result), attempts, is_of_loop
    )


def _is_censored(content: object) -> bool:
    return isinstance(content, Mapping) and ("censored" in content or bool(content.get("_ansible_no_log")))


def _kind_of(task: Any, *, is_check: bool) -> TaskKind:
    """What kind of task it is. The values are those after rendering, if Ansible has rendered them."""
    own_check = task.check_mode if isinstance(task.check_mode, bool) else is_check
    is_status = action_of(task).rpartition(".")[2] == _ASYNC_STATUS
    return TaskKind(
        handler=isinstance(task, Handler),
        run_once=task.run_once is True,
        check_mode=own_check if own_check != is_check else None,
        is_async=is_status or bool(task.async_val),
    )


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


def host_named(play: Any, name: str) -> Any:
    """The host of the inventory with this name, or None."""
    return play.get_variable_manager()._inventory.hosts.get(name)


def instance_of(variables: Mapping[str, Any]) -> str | None:
    """The id of a host's instance, from its variables as they are written. One that is a template is not rendered."""
    values = (variables.get(name) for name in _INSTANCE_VARIABLES)
    texts = (str(value) for value in values if isinstance(value, str | int))
    return next((text for text in texts if _INSTANCE.fullmatch(text)), None)


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
