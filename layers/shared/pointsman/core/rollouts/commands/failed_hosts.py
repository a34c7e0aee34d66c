"""The hosts to which a retry is limited: those that failed, were unreachable, or were not reached."""

import re
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pointsman.core.model import Run, RunState, TargetName
from pointsman.core.ports import Trail
from pointsman.core.rollouts.host_results import HostResults
from pointsman.core.rollouts.reconcile import latest

# CodeBuild takes variables of up to 4,096 characters. With those of all targets, a rollout must fit into an item.
MOST_CHARACTERS = 4_000
MOST_CHARACTERS_OF_ALL = 100_000
# A name with other characters could be a pattern, and select more hosts than the one.
# https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
_HOST = re.compile(r"(?!(all|ungrouped)\Z)[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", re.ASCII)


PARALLEL_QUERIES = 16


def failed_hosts(results: HostResults) -> tuple[str, ...]:
    """The hosts of a build that have to be retried, by name; empty if the whole target has to be.

    That is so when results are missing, or the run failed although no host did.
    """
    if results.end is None or not results.are_complete:
        return ()
    hosts = sorted({*results.with_status("failed", "unreachable"), *results.end.hosts_cut_off})
    usable = len(",".join(hosts)) <= MOST_CHARACTERS and all(_HOST.fullmatch(host) for host in hosts)
    return tuple(hosts) if usable else ()


@dataclass(frozen=True)
class FailedHosts:
    """Reads the hosts that failed from the trail."""

    trail: Trail

    def of(self, wanted: Collection[TargetName], runs: Iterable[Run]) -> dict[TargetName, tuple[str, ...]]:
        """By target, the hosts to which its retry is limited. `wanted`: only these targets; empty: all."""
        failed = [
            run for name, run in latest(runs).items() if (not wanted or name in wanted) and run.state is RunState.FAILED
        ]
        with ThreadPoolExecutor(max_workers=PARALLEL_QUERIES) as pool:
            hosts = list(pool.map(lambda run: failed_hosts(HostResults.read(self.trail, run)), failed))
        return that_fit({run.target.name: names for run, names in zip(failed, hosts, strict=True)})


def that_fit(hosts: Mapping[TargetName, tuple[str, ...]]) -> dict[TargetName, tuple[str, ...]]:
    """The hosts of as many targets as fit into a rollout. The other targets are retried as a whole."""
    room = MOST_CHARACTERS_OF_ALL
    fitting: dict[TargetName, tuple[str, ...]] = {}
    for name, names in hosts.items():
        room -= len(",".join(names))
        if names and room >= 0:
            fitting[name] = names
    return fitting
