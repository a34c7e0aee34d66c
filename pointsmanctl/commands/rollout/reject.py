"""`pointsman rollout reject`."""

from pointsmanctl.commands.rollout.send import (
    ReasonOption,
    RolloutArgument,
    WatchOption,
    WaveOption,
    send,
    show_event,
    watch_rollout,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Where


def reject(
    rollout: RolloutArgument,
    wave: WaveOption = None,
    reason: ReasonOption = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Reject a rollout at the gate after a wave: it halts. What has run stays as it is.

    Exits with 1 if the rollout is not at a gate.
    """
    from pointsmanctl.commands.rollout.gate import gate_wave, loaded_for

    connection = connect_stack(cloud, stack, region)
    wave = wave or gate_wave(loaded_for(connection, rollout), wave)
    event = send(connection, "reject", rollout=rollout, wave=wave, reason=reason)
    show_event(event, f"{rollout} is rejected after wave {wave}: nothing more of it starts.", output, watch=watch)
    if watch:
        watch_rollout(connection, rollout, output)
