"""The parts of a host's result: Ansible's recap, and each task that changed the host or failed on it."""

from typing import Annotated

from msgspec import Meta

from pointsman.core.value import Value

MOST_TASKS = 1_000_000
MOST_PIECES = 100  # of a diff; the runner sends less than ten
LONGEST_TASK = 10_000_000.0  # seconds; JSON allows numbers that the table cannot store, such as 1e999

# The runner sends ok, changed, failed and unreachable. A newer one may send others, which readers keep.
type Status = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]
type Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
type Count = Annotated[int, Meta(ge=0, le=MOST_TASKS)]


class HostCounts(Value, kw_only=True, frozen=True):
    """The number of tasks in Ansible's recap of one host."""

    ok: Count = 0
    changed: Count = 0
    failed: Count = 0
    unreachable: Count = 0
    skipped: Count = 0
    rescued: Count = 0
    ignored: Count = 0

    @property
    def status(self) -> str:
        """The most severe result, as the runner derives a host's status."""
        if self.unreachable:
            return "unreachable"
        if self.failed:
            return "failed"
        return "changed" if self.changed else "ok"

    @property
    def is_idle(self) -> bool:
        """Whether no task ran on the host."""
        return not any(self.to_dict().values())


class TaskResult(Value, kw_only=True, frozen=True):
    """One task that changed a host or failed on it. A loop has one for each item that did."""

    name: str  # as in the playbook
    role: str | None = None  # the role that has it
    path: str  # "roles/app/tasks/main.yml:12"
    action: str  # the module: "ansible.builtin.template"
    status: Status
    message: str | None = None  # why it failed, redacted
    diff: str | None = None  # unified, redacted; if it is long, its first piece
    diff_sha256: Sha256 | None = None  # of the whole redacted diff, if `diff` was shortened or is only a piece of it
    diff_pieces: Annotated[int, Meta(ge=1, le=MOST_PIECES)] | None = None  # in how many pieces it is, if in several
    # The first files of the host that it changed, as far as its module says: "/etc/nginx/nginx.conf". Redacted.
    changed_paths: tuple[str, ...] = ()
    changed_paths_omitted: Count | None = None  # how many more there are, if any
    duration_seconds: Annotated[float, Meta(ge=0, le=LONGEST_TASK)]  # of the task with all items and attempts
    ignored: bool = False  # it failed, but ignore_errors or ignore_unreachable is set
    rescued: bool = False  # it failed, and a rescue section handled that
    on_behalf_of: str | None = None  # the inventory host for which a delegated task ran on this host
    delegated_to: str | None = None  # the host on which this inventory host's delegated task failed
    item: str | None = None  # the item of the task's loop, as Ansible prints it, redacted
    attempts: Annotated[int, Meta(ge=1, le=MOST_TASKS)] = 1  # how often it was tried, with `until` and `retries`
    handler: bool = False
    run_once: bool = False  # for all hosts of the play, on this one
    # Whether it ran in check mode, where the task says otherwise than the run: True: it changed nothing, though the run
    # applies; False: it did what it says, though the run is a check.
    check_mode: bool | None = None
    async_job: str | None = None  # id of the job that an async task started, or that async_status looked at
    async_finished: bool | None = None  # whether that job had ended

    @property
    def changed_files(self) -> int:
        """How many files of the host it changed, as far as its module says."""
        return len(self.changed_paths) + (self.changed_paths_omitted or 0)

    @property
    def title(self) -> str:
        """Its name, with the item of its loop."""
        return f"{self.name} (item={self.item})" if self.item is not None else self.name


class DiffPiece(Value, kw_only=True, frozen=True):
    """A piece of a diff that is too long for one event. Its first piece is in the task with the same `diff_sha256`."""

    diff: Sha256
    number: Annotated[int, Meta(ge=2, le=MOST_PIECES)]
    text: str
