"""The result of a verification on a terminal."""

from pointsman.core.archive.findings import Finding, Verification
from pointsmanctl.output.verification_lines import verification_lines
from tests.support.rollouts import MORNING


def test_a_forged_key_cannot_write_over_the_verdict() -> None:
    forged = "x\x1b[2A\rProven complete and unaltered\n\u202e"
    finding = Finding(
        kind="inserted", where="trail", hour=MORNING, key=forged, detail=f"{forged} of ROLLOUT#r-1 is new"
    )
    result = Verification(
        first=MORNING, until=MORNING, hours=1, events=1, late=1, first_late=forged, findings=(finding,)
    )
    lines = list(verification_lines(result))
    assert lines[0].startswith("NOT PROVEN")
    assert not set("".join(lines)) & set("\x1b\r\n\u202e")
    assert sum("\\x1b[2A\\x0dProven" in line for line in lines) == 2
