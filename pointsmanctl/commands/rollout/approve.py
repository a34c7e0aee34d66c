"""`pointsman rollout approve`."""

from pointsmanctl.commands.rollout.send import (
    ReasonOption,
    RolloutArgument,
    WatchOption,
    WaveOption,
    YesOption,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def approve(
    rollout: RolloutArgument,
    wave: WaveOption = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Approve a rollout at the gate after a wave, so that the next wave starts.

    Shows the commit, what has run and what the next wave does, and asks. The approval is for this wave and this commit.
    Exits with 1 if the gate does not wait for an approval, or if you may not give it.
    """
    from pointsmanctl.apps.terminal import confirm
    from pointsmanctl.commands.rollout.gate import gate_wave, loaded_for
    from pointsmanctl.output.gate_review import show_review

    connection = connect_stack(cloud, stack, region)
    loaded = loaded_for(connection, rollout)
    wave = gate_wave(loaded, wave)
    show_review(loaded, wave)
    commit = loaded.rollout.change.after
    confirm(f"Approve commit {commit[:7]} after wave {wave}?", yes=yes)
    event = send(connection, "approve", rollout=rollout, wave=wave, commit=commit, reason=reason)
    show_event(event, f"{rollout} is approved after wave {wave}.", output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)
