"""What the trail knows of the hosts of a build, and of those of a target after several attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from pointsman.core.model import Run
from pointsman.core.ports import Trail
from pointsman.core.rollouts.situation import HostTally
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent
from pointsman.core.trail.keys import rollout_partition


@dataclass
class HostResults:
    """The last part of each host's result, and the end of the playbook."""

    by_host: dict[str, HostResultRecorded] = field(default_factory=dict)
    end: PlaybookEnded | None = None

    @classmethod
    def read(cls, trail: Trail, run: Run) -> Self:
        """Read the results of the build of `run`."""
        partition, of_run = rollout_partition(run.rollout), f"#{run.target.name}#{run.attempt}#"
        return cls.of(
            run.build_arn,
            [
                *trail.with_key(partition, f"{HostResultRecorded.__name__}{of_run}"),
                *trail.with_key(partition, f"{PlaybookEnded.__name__}{of_run}"),
            ],
        )

    @classmethod
    def of(cls, build_arn: str | None, events: Iterable[TrailEvent]) -> Self:
        """The results of one build among `events`."""
        results = cls()
        for event in events:
            match event:
                case HostResultRecorded(build_arn=arn) if arn == build_arn:
                    host = str(event.host)
                    results.by_host[host] = max(results.by_host.get(host, event), event, key=lambda each: each.part)
                case PlaybookEnded(build_arn=arn) if arn == build_arn:
                    results.end = event
                case _:
                    pass
        return results

    @property
    def are_complete(self) -> bool:
        """Whether the trail has all of every host's result. Results may arrive after the end of Ansible."""
        end = self.end
        if end is None:
            return False
        is_named = end.hosts_cut_off_total <= len(end.hosts_cut_off) and not end.misses_results
        return is_named and len(self.by_host) == end.hosts and all(result.final for result in self.by_host.values())

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each host. One that no play reached to its end has failed."""
        cut_off = self.end.hosts_cut_off if self.end else ()
        return {host: str(result.status) for host, result in self.by_host.items()} | dict.fromkeys(cut_off, "failed")

    def with_status(self, *statuses: str) -> list[str]:
        """The names of the hosts whose result has one of these statuses."""
        return [host for host, result in self.by_host.items() if result.status in statuses]


def attempts_that_count(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    """The attempts that say how the hosts of a target are, the oldest first.

    `run` may be of some hosts alone. Then the others are as the attempts before it left them.
    """
    counting = [run]
    earlier = [each for each in runs if each.target.name == run.target.name and each.attempt < run.attempt]
    for attempt in sorted(earlier, key=lambda each: each.attempt, reverse=True):
        if not counting[-1].hosts:
            break
        if attempt.build_arn:
            counting.append(attempt)
    return tuple(reversed(counting))


def tally(attempts: Sequence[HostResults]) -> HostTally | None:
    """The hosts of a target after these attempts, the oldest first; None if the trail does not have all results."""
    if not all(results.are_complete for results in attempts):
        return None
    statuses: dict[str, str] = {}
    for results in attempts:
        statuses |= results.statuses
    states = list(statuses.values())
    newest = set(attempts[-1].statuses.values())
    return HostTally(
        hosts=len(states),
        failed=states.count("failed"),
        unreachable=states.count("unreachable"),
        explains_failure=not newest.isdisjoint(("failed", "unreachable")),
    )
