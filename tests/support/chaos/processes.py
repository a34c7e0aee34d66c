"""Lets the engine do one thing after the other, so that a fault hits the same call in every run."""

import pytest

from bench.campaign.episode import InlineExecutor
from pointsman.core.rollouts import executor, sweep, whole_rollout
from pointsman.core.rollouts.commands import failed_hosts


def run_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the pools of threads."""
    for module in (executor, sweep, whole_rollout, failed_hosts):
        monkeypatch.setattr(module, "ThreadPoolExecutor", InlineExecutor)
