"""The hosts to which a retry is limited: those that failed, were unreachable, or were not reached."""

import re
from collections.abc import Iterable, Mapping

from pointsman.core.model import TargetName
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent

# CodeBuild takes variables of up to 4,096 characters. With those of all targets, a rollout must fit into an item.
MOST_CHARACTERS = 4_000
MOST_CHARACTERS_OF_ALL = 100_000
# A name with other characters could be a pattern, and select more hosts than the one.
# https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
_HOST = re.compile(r"(?!(all|ungrouped)\Z)[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", re.ASCII)


def failed_hosts(build_arn: str | None, events: Iterable[TrailEvent]) -> tuple[str, ...]:
    """The hosts of a build that have to be retried, by name; empty if the whole target has to be.

    That is so when results are missing, or the run failed although no host did.
    """
    results: dict[str, HostResultRecorded] = {}
    end: PlaybookEnded | None = None
    for event in events:
        match event:
            case HostResultRecorded(build_arn=arn) if arn == build_arn:
                results[event.host] = max(results.get(event.host, event), event, key=lambda each: each.part)
            case PlaybookEnded(build_arn=arn) if arn == build_arn:
                end = event
            case _:
                pass
    if end is None or not _is_complete(end, results):
        return ()
    failed = {host for host, result in results.items() if result.status in ("failed", "unreachable")}
    hosts = sorted(failed | set(end.hosts_cut_off))
    usable = len(",".join(hosts)) <= MOST_CHARACTERS and all(_HOST.fullmatch(host) for host in hosts)
    return tuple(hosts) if usable else ()


def _is_complete(end: PlaybookEnded, results: Mapping[str, HostResultRecorded]) -> bool:
    """Whether the trail has all of every host's result. Results may arrive after the end of Ansible."""
    is_named = end.hosts_cut_off_total <= len(end.hosts_cut_off) and not end.results_missing
    return is_named and len(results) == end.hosts and all(result.final for result in results.values())


def that_fit(hosts: Mapping[TargetName, tuple[str, ...]]) -> dict[TargetName, tuple[str, ...]]:
    """The hosts of as many targets as fit into a rollout. The other targets are retried as a whole."""
    room = MOST_CHARACTERS_OF_ALL
    fitting: dict[TargetName, tuple[str, ...]] = {}
    for name, names in hosts.items():
        room -= len(",".join(names))
        if names and room >= 0:
            fitting[name] = names
    return fitting
