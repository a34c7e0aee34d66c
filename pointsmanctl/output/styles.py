"""The colours of states on a terminal."""

STYLES = {
    "changed": "yellow",
    "failed": "bold red",
    "unreachable": "bold red",
    "ok": "green",
    "succeeded": "green",
    "refused": "bold red",
    "stopped": "red",
    "timed_out": "bold red",
    "faulted": "bold red",
    "superseded": "dim",
    "cancelled": "yellow",
    "rolled_back": "yellow",
    "skipped": "dim",
    "not_started": "dim",
    "at_gate": "yellow",
    "rescued": "dim",
    "ignored": "dim",
    "matched": "green",
    "undetermined": "yellow",
}
