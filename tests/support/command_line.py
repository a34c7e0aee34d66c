"""Runs `pointsman` in the test's own process, and prints its tables as a terminal of some width would."""

from datetime import datetime
from io import StringIO

from rich.console import Console, RenderableType
from typer.testing import CliRunner, Result

from pointsman.core.model import Rollout, RolloutState, Run, RunState
from pointsmanctl.main import app
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.rollouts import MORNING, delivery


def run(*words: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in words], prog_name="pointsman", input=stdin)


def usage_error(*words: object) -> str:
    """What a usage error says, without its frame."""
    done = run(*words)
    assert done.exit_code == 2, done.output
    return " ".join(done.output.replace("│", " ").split())


def printed(answer: RenderableType, width: int = 160) -> list[str]:
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(answer)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def loaded_rollout(
    *states: RunState, state: RolloutState = RolloutState.OPEN, created_at: datetime = MORNING
) -> LoadedRollout:
    """A rollout with a run in each of `states`, on targets of their own."""
    names = ("dev/eu-west-1", "prod/eu-west-1", "dev/us-east-1")[: len(states)]
    source = delivery(*names)
    [spec] = source.specs
    rollout = Rollout(
        id=spec.rollout,
        change=source.change,
        spec=spec,
        delivery=source.id,
        last_message_id="message-1",
        pushes=(source.push,),
        state=state,
        created_at=created_at,
    )
    pairs = zip(spec.targets, states, strict=True)
    runs = (
        Run(rollout=rollout.id, route="site", target=target, state=each, created_at=created_at)
        for target, each in pairs
    )
    return LoadedRollout(rollout, tuple(runs))
