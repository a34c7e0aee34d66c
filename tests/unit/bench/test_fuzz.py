"""The fuzz of the handlers, small: hostile input is answered, kept apart or put aside, and a planted bug is found."""

import random
from typing import Any

import pytest

from bench.fuzz import handlers
from bench.fuzz.case import Case
from bench.fuzz.handlers import CASES, HANDLERS
from functions.audit_archiver import wiring as archiver_wiring
from functions.audit_indexer import wiring as indexer_wiring
from functions.notify import wiring as notify_wiring
from functions.start_build import wiring as start_build_wiring
from functions.webhook_receiver import wiring as receiver_wiring
from pointsman.core.audit import authorize, recorder

SOME = range(1, 251)


@pytest.fixture(autouse=True)
def metrics_have_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Powertools reads it from the environment when the handlers are imported."""
    for module in HANDLERS:
        if hasattr(module, "metrics"):
            monkeypatch.setattr(module.metrics, "namespace", "Pointsman")


def cases(name: str) -> list[Case]:
    return [CASES[name](random.Random(f"{name}-{seed}")) for seed in SOME]


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_handler_answers_every_input(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = cases(name)
    assert [case.broken for case in inputs if case.broken] == []
    assert len({case.outcome for case in inputs}) > 1


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_case_restores_the_wiring(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    modules = (
        *HANDLERS,
        archiver_wiring,
        indexer_wiring,
        notify_wiring,
        receiver_wiring,
        start_build_wiring,
    )
    before = [vars(module).copy() for module in modules]
    for seed in range(1, 11):
        CASES[name](random.Random(f"{name}-{seed}"))
    assert [vars(module) for module in modules] == before


def test_a_writer_that_believes_any_account_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def credulous(claim: Any, stored: Any, now: Any) -> tuple[str, ...]:
        return () if stored and stored.run else authorize.violations(claim, stored, now)

    monkeypatch.setattr(recorder, "violations", credulous)
    assert any("account wrote the history" in case.broken for case in cases("audit_writer"))


def test_a_message_that_shows_text_as_markup_is_found() -> None:
    blocks = ({"type": "section", "text": {"type": "mrkdwn", "text": "by <!channel>"}},)
    assert handlers._rings_in_block(blocks[0])
