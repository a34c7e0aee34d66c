"""The record of a local cloud, as the process that runs it writes it."""

from pathlib import Path

from localcloud.record import CloudRecord


def a_record(state: Path) -> CloudRecord:
    return CloudRecord(
        endpoint="http://127.0.0.1:1",
        slack_url="http://127.0.0.1:1/_slack/",
        slack_api="http://127.0.0.1:1/_slack/api/",
        pid=1,
        control_account="111111111111",
        accounts={"dev": "222222222222"},
        control_region="us-east-1",
        regions=["us-east-1"],
        state_dir=str(state),
        repository="acme/infra",
        channel="deployments",
        channel_id="C0000000001",
        slack_token="xoxb-local",
        github_api="http://127.0.0.1:1/_github",
        github_app="{}",
        github_token="",
    )
