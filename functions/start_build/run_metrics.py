"""The metrics of runs, for the dashboard."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from functions.start_build import wiring
from pointsman.core.model import RunState
from pointsman.core.rollouts.run_tally import RunCounts

END_METRICS = {
    RunState.SUCCEEDED: "RunsSucceeded",
    RunState.FAILED: "RunsFailed",
    RunState.STOPPED: "RunsStopped",
    RunState.TIMED_OUT: "RunsTimedOut",
    RunState.FAULTED: "RunsFaulted",
    RunState.REFUSED: "RunsRefused",
    RunState.SUPERSEDED: "RunsSuperseded",
    RunState.CANCELLED: "RunsCancelled",
    RunState.SKIPPED: "RunsSkipped",
}


@contextmanager
def publishing_runs() -> Iterator[None]:
    """Publish what a call has counted, even if it fails."""
    try:
        yield
    finally:
        publish_runs(wiring.run_tally().take())


def publish_runs(counts: RunCounts) -> None:
    """Publish what was counted; nothing if no run started or ended."""
    if not counts.ended and not counts.waiting_seconds:
        return
    metrics = Metrics()
    for seconds in counts.waiting_seconds:
        metrics.add_metric(name="RunWait", unit=MetricUnit.Seconds, value=seconds)
    for seconds in counts.build_seconds:
        metrics.add_metric(name="RunDuration", unit=MetricUnit.Seconds, value=seconds)
    for state, number in counts.ended.items():
        metrics.add_metric(name=END_METRICS[state], unit=MetricUnit.Count, value=number)
    if metrics.provider.metric_set:  # at every hundredth value, Powertools has published by itself
        metrics.flush_metrics()
    # Each target would be a metric of its own all the time, and cost as much. So only failures have this dimension.
    for target, number in counts.failures.items():
        with single_metric(name="TargetFailures", unit=MetricUnit.Count, value=number) as metric:
            metric.add_dimension(name="target", value=target)
