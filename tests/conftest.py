"""What every test shares: an environment without anybody's credentials, before anything of ours is imported."""

import os
from pathlib import Path

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
    "POWERTOOLS_METRICS_NAMESPACE": "Pointsman",
    "POWERTOOLS_SERVICE_NAME": "test",
}

for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(FAKES)
