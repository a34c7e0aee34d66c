"""What the trail knows of the hosts of one build."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from pointsman.core.model import Run
from pointsman.core.ports import Trail
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
        is_named = end.hosts_cut_off_total <= len(end.hosts_cut_off) and not end.results_missing
        return is_named and len(self.by_host) == end.hosts and all(result.final for result in self.by_host.values())

    def with_status(self, *statuses: str) -> list[str]:
        """The names of the hosts whose result has one of these statuses."""
        return [host for host, result in self.by_host.items() if result.status in statuses]
