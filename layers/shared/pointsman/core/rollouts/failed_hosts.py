"""The hosts to which a retry is limited: those that failed, were unreachable, or were not reached."""

import re
from collections.abc import Iterable

from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent

# Their names must fit into a variable of the build.
MOST_HOSTS = 200
# A name with other characters could be a pattern, and select more hosts than the one.
# https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", re.ASCII)


def failed_hosts(build_arn: str | None, events: Iterable[TrailEvent]) -> tuple[str, ...]:
    """The hosts of a build that have to be retried, by name; empty if the whole target has to be.

    That is so when the results are incomplete, or the run failed although no host did.
    """
    statuses: dict[str, tuple[int, str]] = {}
    end: PlaybookEnded | None = None
    for event in events:
        match event:
            case HostResultRecorded(build_arn=arn) if arn == build_arn:
                statuses[event.host] = max(statuses.get(event.host, (0, "")), (event.part, event.status))
            case PlaybookEnded(build_arn=arn) if arn == build_arn:
                end = event
            case _:
                pass
    if end is None or end.results_missing or end.hosts_cut_off_total > len(end.hosts_cut_off):
        return ()
    failed = {host for host, (_, status) in statuses.items() if status in ("failed", "unreachable")}
    hosts = sorted(failed | set(end.hosts_cut_off))
    usable = len(hosts) <= MOST_HOSTS and all(_HOST.fullmatch(host) for host in hosts)
    return tuple(hosts) if usable else ()
