"""Learns secrets from the values that the play evaluates, and evaluates nothing itself.

It watches Ansible's process and its workers, which are forks of it, for
- a variable that is rendered for a task and has the name of a secret;
- a value that Ansible decrypts from a vault, whatever its name;
- the result of a task with no_log, which a later task may print.

A worker sends its secrets before it sends the result of its task, so that the result is redacted with all of them. The
watched methods of Ansible are not documented: the tests run each of them with the pinned Ansible.
"""

import contextlib
import json
import mmap
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from redaction import is_secret_name, leaves

from .watching import call_after

MAX_MESSAGE = 100_000  # bytes of one datagram
SEND_SECONDS = 5.0  # that a worker waits at most, if the main process does not read
# Fields of a result that are not secret.
_PUBLIC_FIELDS = frozenset(
    """
    action ansible_loop_var attempts changed checksum delta dest diff end exception failed finished gid group invocation
    md5sum mode msg owner path rc results_file retries sha256sum size skip_reason skipped src start started state uid
    """.split()  # noqa: SIM905
)


class SecretWatcher:
    """Passes every secret value to `learn`, in Ansible's main process.

    A play never waits for it: if a secret cannot be sent or learned, `is_reliable` turns false, and no text of a task
    may be recorded or printed any more.
    """

    def __init__(self, learn: Callable[[str], None]) -> None:
        self._learn = learn
        self._seen: set[str] = set()
        self._reader, self._writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_MESSAGE)
        self._writer.settimeout(SEND_SECONDS)
        self._lock = threading.RLock()
        self._main_process = os.getpid()
        self._lost = mmap.mmap(-1, 1)  # shared with the workers: whether a secret was lost
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def is_reliable(self) -> bool:
        """Whether every secret that was seen is learned."""
        return self._lost[0] == 0

    def watch(self) -> None:
        """Start watching Ansible. Raises ImportError or AttributeError with an Ansible that has other methods."""
        from ansible._internal._templating import _lazy_containers  # type: ignore[import-untyped]  # noqa: PLC0415
        from ansible.executor.task_executor import TaskExecutor  # type: ignore[import-untyped]  # noqa: PLC0415
        from ansible.parsing.vault import VaultLib  # type: ignore[import-untyped]  # noqa: PLC0415

        call_after(_lazy_containers._AnsibleLazyTemplateMixin, "_proxy_or_render_lazy_value", self._rendered)
        call_after(VaultLib, "decrypt_and_get_vault_id", self._decrypted)
        call_after(TaskExecutor, "run", self._ran)

    def take_file_cache(self, loader: Any) -> None:
        """Learn what was decrypted before watching started: the loader caches whole files."""
        from ansible._internal._datatag._tags import SourceWasEncrypted  # type: ignore[import-untyped]  # noqa: PLC0415

        for content in getattr(loader, "_FILE_CACHE", {}).values():
            if SourceWasEncrypted.is_tagged_on(content):
                self._see(leaves(content))

    def catch_up(self) -> None:
        """Learn what the workers have sent. What a worker sent before its result is there when its result is."""
        with self._lock:
            while True:
                try:
                    data = self._reader.recv(2 * MAX_MESSAGE, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return
                try:
                    self._take(json.loads(data)["value"])
                except Exception:  # whatever is wrong with this secret, it is not learned
                    self._lost[0] = 1

    def _rendered(self, value: Any, _mixin: Any, key: Any, _raw: Any) -> None:
        if isinstance(key, str) and _names_a_secret(key):
            self._see(leaves(_rendered_inside(value)))

    def _decrypted(self, decrypted: Any, _vault: Any, _text: Any) -> None:
        plaintext = decrypted[0]
        text = plaintext.decode("utf-8", "replace") if isinstance(plaintext, bytes) else str(plaintext)
        self._see(_values_of(text))

    def _ran(self, result: Any, executor: Any) -> None:
        if executor._task.no_log is True:
            content = result.as_result_dict() if hasattr(result, "as_result_dict") else result
            self._see(_values_of_result(content))

    def _see(self, values: Iterator[str]) -> None:
        try:
            for value in values:
                if value not in self._seen:
                    self._seen.add(value)
                    self._pass_on(value)
        except Exception:
            self._lost[0] = 1

    def _pass_on(self, value: str) -> None:
        if os.getpid() == self._main_process:
            with self._lock:
                self._learn(value)
            return
        data = json.dumps({"value": value}).encode()
        if len(data) <= MAX_MESSAGE:
            self._writer.send(data)
            return
        for line in value.splitlines():  # a long text: its lines are learned instead
            self._pass_on(line[: MAX_MESSAGE // 8])

    def _take(self, value: str) -> None:
        self._seen.add(value)  # workers that start from now on do not send it again
        self._learn(value)

    def _receive(self) -> None:
        """Read while the main process is busy, so that no worker has to wait."""
        while True:
            try:
                select.select([self._reader], [], [])
                self.catch_up()
            except Exception:
                self._lost[0] = 1
                return


@lru_cache(maxsize=4096)
def _names_a_secret(name: str) -> bool:
    return is_secret_name(name)


def _rendered_inside(value: Any) -> Any:
    """The rendered values inside `value`, without rendering more. Lazy ones are seen when the play uses them."""
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = list(dict.values(value))
    elif isinstance(value, list):
        inside = list(list.__iter__(value))
    else:
        return value
    return [each for each in inside if isinstance(each, str | int | float)]


def _values_of(text: str) -> Iterator[str]:
    """The values of a decrypted text: its leaves if it is YAML, else its lines."""
    yield text
    with contextlib.suppress(yaml.YAMLError, ValueError, RecursionError):
        content = yaml.load(text, Loader=_AnyTag)  # noqa: S506 - a safe loader, which reads unknown tags as plain values
        if isinstance(content, dict | list):
            yield from leaves(content)
            return
    yield from text.splitlines()


class _AnyTag(yaml.SafeLoader):
    """A safe loader that ignores Ansible's tags and reads the values that have them."""


def _untagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_AnyTag.add_multi_constructor("!", _untagged)


def _values_of_result(result: Any) -> Iterator[str]:
    """The values of a secret result that a later task could print."""
    if not isinstance(result, Mapping):
        return
    for key, value in result.items():
        if key == "results" and isinstance(value, list):
            for item in value:
                yield from _values_of_result(item)
        elif key not in _PUBLIC_FIELDS and not str(key).startswith("_"):
            for leaf in leaves(value):
                yield leaf
                yield from leaf.splitlines()
