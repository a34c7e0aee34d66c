"""What every test shares: an environment without anybody's credentials, before anything of ours is imported."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FAKES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "ANSIBLE_HOME": str(Path(__file__).resolve().parent.parent / ".ansible"),  # not the user's own
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # a thousand of them, for every test and region
    "POWERTOOLS_METRICS_NAMESPACE": "Pointsman",
    "POWERTOOLS_SERVICE_NAME": "test",
    "TZ": "UTC",
}

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(FAKES)
time.tzset()

# The same commit gives the same result, and a busy machine no other. `make explore` seeks what nobody thought of.
_ALIKE = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", _ALIKE, derandomize=True)
settings.register_profile("explore", _ALIKE, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Coverage is not measured in property tests, which run what the examples beside them run, nor where little of what is
# measured runs.
_UNMEASURED = tuple(
    str(Path(__file__).parent / directory)
    for directory in (
        "unit/bench",
        "unit/localcloud",
        "contract/templates",
        "integration/bench",
        "integration/localcloud",
        "integration/rollouts",
    )
)


@pytest.hookimpl(trylast=True)  # after Hypothesis has marked its tests
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Tell pytest-cov where not to measure."""
    for item in items:
        if item.get_closest_marker("hypothesis") or str(item.path).startswith(_UNMEASURED):
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Save the work that moto would repeat for every test, if a test uses it."""
    if "moto" in sys.modules:
        from tests.support import quick_aws  # noqa: PLC0415 - imports moto

        quick_aws.install()
