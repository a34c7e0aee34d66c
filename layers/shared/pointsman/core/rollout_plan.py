"""How a rollout goes through its targets: wave by wave, with a gate after each, and never in a freeze."""

from enum import StrEnum

from pointsman.core.value import Value


class OnFailure(StrEnum):
    """What a rollout does after a wave that failed."""

    HALT = "halt"  # nothing more starts
    CONTINUE = "continue"
    ROLLBACK = "rollback"  # nothing more starts, and the targets that it changed go back to their last good commit


class Amount(Value, kw_only=True, frozen=True):
    """A number of something, or a percentage of all."""

    number: int = 0
    is_percentage: bool = False

    def allows(self, count: int, total: int) -> bool:
        """Whether `count` of `total` is at most this amount."""
        return count * 100 <= self.number * total if self.is_percentage else count <= self.number

    def __str__(self) -> str:
        """As in routes.yaml: `2` or `10%`."""
        return f"{self.number}%" if self.is_percentage else str(self.number)


class Tolerance(Value, kw_only=True, frozen=True):
    """What may go wrong in a wave that still counts as successful."""

    failed_hosts: Amount = Amount()
    unreachable_hosts: Amount = Amount()
    unavailable_targets: Amount = Amount()  # whose region starts no build; they are tried again meanwhile


class ApprovalRule(Value, kw_only=True, frozen=True):
    """Who may approve a rollout at a gate, and until when."""

    by: tuple[str, ...]  # logins of GitHub; the teams of routes.yaml are resolved
    within_seconds: int  # from the moment at which the gate waits for nothing else
    not_author: bool = False  # neither who pushed, wrote or ran it, nor anybody if one of them is unknown


class Gate(Value, kw_only=True, frozen=True):
    """What must be true after a wave before the next one starts, beyond the success of the wave."""

    soak_seconds: int = 0  # the time that must pass
    alarms: tuple[str, ...] = ()  # ARNs of CloudWatch alarms that must not be in the state ALARM
    approval: ApprovalRule | None = None


class Wave(Value, kw_only=True, frozen=True):
    """The policy of a wave. `Target.wave` says which targets are in it."""

    max_parallel: int | None = None  # targets at a time; None: all
    serial: str | None = None  # hosts at a time, as Ansible writes it: "1" or "25%"; None: the playbook decides
    tolerate: Tolerance = Tolerance()
    after: Gate | None = None  # None: the success of the wave is enough


class FreezeWindow(Value, kw_only=True, frozen=True):
    """A recurring time in which nothing starts."""

    cron: str  # when it begins: five fields
    seconds: int  # how long it lasts
    time_zone: str  # IANA's name: "Europe/Berlin"


class RolloutPlan(Value, kw_only=True, frozen=True):
    """A route's policy for rollouts. Without waves all targets are one wave."""

    waves: tuple[Wave, ...] = ()
    on_failure: OnFailure = OnFailure.HALT
    freezes: tuple[FreezeWindow, ...] = ()

    def freezes_only(self) -> "RolloutPlan | None":
        """The plan of what runs outside the waves; None if there are no freezes either."""
        return RolloutPlan(freezes=self.freezes) if self.freezes else None
