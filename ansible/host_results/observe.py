"""Learns secrets from what the play itself evaluates, and evaluates nothing.

Three things are watched, in Ansible's process and in its workers, which are forks of it:
- a variable that is rendered for a task, and whose name says that it is secret;
- what a vault keeps, whatever its name, when Ansible decrypts it;
- the result of a task with no_log, which a later task may print.

A worker hands on what it saw before it hands on its task's result, so that a result is redacted with all that its task
used. The places where Ansible is watched are not documented: the tests run every one with the Ansible that is pinned.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any

import yaml

from redaction import is_secret_name, leaves

MAX_MESSAGE = 100_000  # bytes of one datagram
SECONDS_TO_SETTLE = 5.0
# What a result says of itself, and is no secret.
_PLAIN = frozenset(
    """
    action ansible_loop_var attempts changed checksum delta dest diff end exception failed finished gid group invocation
    md5sum mode msg owner path rc results_file retries sha256sum size skip_reason skipped src start started state uid
    """.split()  # noqa: SIM905
)


class Observer:
    """Gives every secret that is seen to `learn`, a value at a time, in Ansible's own process."""

    def __init__(self, learn: Callable[[str], None]) -> None:
        self._learn = learn
        self._known: set[str] = set()
        self._reader, self._writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_MESSAGE)
        self._settled: dict[str, threading.Event] = {}
        threading.Thread(target=self._receive, daemon=True).start()

    def watch(self) -> None:
        """Watch Ansible from now on. Raises ImportError or AttributeError where it is not the Ansible that is known."""
        from ansible._internal._templating import _lazy_containers  # type: ignore[import-untyped]  # noqa: PLC0415
        from ansible.executor.task_executor import TaskExecutor  # type: ignore[import-untyped]  # noqa: PLC0415
        from ansible.parsing.vault import VaultLib  # type: ignore[import-untyped]  # noqa: PLC0415

        _after(_lazy_containers._AnsibleLazyTemplateMixin, "_proxy_or_render_lazy_value", self._rendered)
        _after(VaultLib, "decrypt_and_get_vault_id", self._decrypted)
        _after(TaskExecutor, "run", self._ran)

    def take_file_cache(self, loader: Any) -> None:
        """Learn what was decrypted before anybody watched: the loader keeps whole files that it has read."""
        from ansible._internal._datatag._tags import SourceWasEncrypted  # type: ignore[import-untyped]  # noqa: PLC0415

        for content in getattr(loader, "_FILE_CACHE", {}).values():
            if SourceWasEncrypted.is_tagged_on(content):
                self._see(leaves(content))

    def update_route_status(self) -> None:
        """Wait until all that workers have handed on is learnt."""
        token = f"{id(self)}-{threading.get_ident()}-{len(self._settled)}"
        event = self._settled.setdefault(token, threading.Event())
        self._send({"token": token})
        event.wait(SECONDS_TO_SETTLE)
        self._settled.pop(token, None)

    def _rendered(self, value: Any, _mixin: Any, key: Any, _raw: Any) -> None:
        if isinstance(key, str) and _names_a_secret(key):
            self._see(leaves(_plain(value)))

    def _decrypted(self, decrypted: Any, _vault: Any, _text: Any) -> None:
        plaintext = decrypted[0]
        text = plaintext.decode("utf-8", "replace") if isinstance(plaintext, bytes) else str(plaintext)
        self._see(_values_of(text))

    def _ran(self, result: Any, executor: Any) -> None:
        if executor._task.no_log is True:
            told = result.as_result_dict() if hasattr(result, "as_result_dict") else result
            self._see(_values_of_result(told))

    def _see(self, values: Iterator[str]) -> None:
        for value in values:
            if value not in self._known:
                self._known.add(value)
                self._send({"value": value})

    def _send(self, message: Mapping[str, str]) -> None:
        data = json.dumps(message).encode()
        if len(data) > MAX_MESSAGE:  # a long text: what is learnt of it are its lines
            for line in message.get("value", "").splitlines():
                self._send({"value": line[: MAX_MESSAGE // 8]})
            return
        self._writer.send(data)

    def _receive(self) -> None:
        while True:
            with contextlib.suppress(ValueError, OSError):
                message = json.loads(self._reader.recv(2 * MAX_MESSAGE))
                if token := message.get("token"):
                    if event := self._settled.get(token):
                        event.set()
                    continue
                self._known.add(message["value"])  # what is forked from now on need not tell it again
                self._learn(message["value"])


def _after(owner: Any, name: str, see: Callable[..., None]) -> None:
    """Call `see` with what a method gave and was given. What goes wrong in it stays there."""
    method = getattr(owner, name)

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        given = method(*args, **kwargs)
        with contextlib.suppress(Exception):
            see(given, *args, **kwargs)
        return given

    setattr(owner, name, watched)


@lru_cache(maxsize=4096)
def _names_a_secret(name: str) -> bool:
    return is_secret_name(name)


def _plain(value: Any) -> Any:
    """A rendered value without rendering more: what is lazy inside stays unseen until the play uses it."""
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = list(dict.values(value))
    elif isinstance(value, list):
        inside = list(list.__iter__(value))
    else:
        return value
    return [each for each in inside if isinstance(each, str | int | float)]


def _values_of(text: str) -> Iterator[str]:
    """The values of a decrypted text: the leaves of YAML, and its lines where it is none."""
    yield text
    with contextlib.suppress(yaml.YAMLError, ValueError, RecursionError):
        content = yaml.load(text, Loader=_AnyTag)  # noqa: S506 - a safe loader, which takes unknown tags as text
        if isinstance(content, dict | list):
            yield from leaves(content)
            return
    yield from text.splitlines()


class _AnyTag(yaml.SafeLoader):
    """A safe loader that reads Ansible's own tags as what they are on."""


def _as_is(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_AnyTag.add_multi_constructor("!", _as_is)


def _values_of_result(result: Any) -> Iterator[str]:
    """The texts of a hidden result that a later task could print."""
    if not isinstance(result, Mapping):
        return
    for key, value in result.items():
        if key == "results" and isinstance(value, list):
            for item in value:
                yield from _values_of_result(item)
        elif key not in _PLAIN and not str(key).startswith("_"):
            for leaf in leaves(value):
                yield leaf
                yield from leaf.splitlines()
