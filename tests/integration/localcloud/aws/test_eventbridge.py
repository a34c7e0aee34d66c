"""Events between accounts and regions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from tests.support.localcloud import BUS, Worker, client_of, role


def entry(source: str = "pointsman.ansible", resource: str = "arn:x") -> dict[str, Any]:
    return {
        "Source": source,
        "DetailType": "HostResultRecorded",
        "Detail": "{}",
        "EventBusName": BUS,
        "Resources": [resource],
    }


def test_an_event_crosses_accounts_when_both_sides_allow_it(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-allowed", Action="events:PutEvents", Resource=BUS), "events")
    assert events.put_events(Entries=[entry(resource="arn:crossed")])["FailedEntryCount"] == 0
    (event,) = Worker(cloud).events(1, "arn:crossed")
    assert (event["account"], event["region"], event["source"]) == ("222222222222", "us-east-1", "pointsman.ansible")


def test_the_senders_own_policy_must_allow_it(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-without", Action="s3:GetObject", Resource="*"), "events")
    with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
        events.put_events(Entries=[entry()])


def test_the_buss_policy_must_allow_the_role_and_the_source(cloud: LocalCloud) -> None:
    stranger = client_of(cloud, role(cloud, "stranger", Action="events:PutEvents", Resource=BUS), "events")
    builder = client_of(cloud, role(cloud, "build-other", Action="events:PutEvents", Resource=BUS), "events")
    other_account = client_of(cloud, role(cloud, "build-p", "prod", Action="events:PutEvents", Resource=BUS), "events")
    for events, source in ((stranger, "pointsman.ansible"), (builder, "mine"), (other_account, "pointsman.ansible")):
        answer = events.put_events(Entries=[entry(source)])
        assert answer["FailedEntryCount"] == 1
        assert answer["Entries"][0]["ErrorCode"] == "AccessDeniedException"


def test_a_condition_on_the_source_holds_in_the_senders_policy(cloud: LocalCloud) -> None:
    only = {"StringEquals": {"events:source": "pointsman.ansible"}}
    arn = role(cloud, "build-narrow", Action="events:PutEvents", Resource=BUS, Condition=only)
    events = client_of(cloud, arn, "events")
    assert events.put_events(Entries=[entry()])["FailedEntryCount"] == 0
    with pytest.raises(ClientError, match="events:PutEvents"):
        events.put_events(Entries=[entry("forged")])


def test_only_aws_puts_events_of_aws(cloud: LocalCloud) -> None:
    events = client_of(cloud, role(cloud, "build-forger", Action="events:PutEvents", Resource=BUS), "events")
    answer = events.put_events(Entries=[entry("aws.codebuild"), entry(resource="arn:beside")])
    assert [each.get("ErrorCode") for each in answer["Entries"]] == ["NotAuthorizedForSourceException", None]
    assert Worker(cloud).events(1, "arn:beside")


def test_a_rules_role_must_be_allowed_to_forward(cloud: LocalCloud) -> None:
    worker = Worker(cloud)
    iam = cloud.client("iam", "dev")
    policy = iam.get_role_policy(RoleName="forward-role", PolicyName="all")["PolicyDocument"]
    iam.delete_role_policy(RoleName="forward-role", PolicyName="all")
    silent = worker.run('{"version": 0.2}')
    iam.put_role_policy(RoleName="forward-role", PolicyName="all", PolicyDocument=json.dumps(policy))
    forwarded = worker.run('{"version": 0.2}')
    assert len(worker.events(2, forwarded["arn"])) == 2
    archive = cloud.client("events").describe_archive(ArchiveName="all")
    assert archive["EventCount"] >= 2
    assert "may not events:PutEvents" in cloud.layout.server_log.read_text()
    assert silent["buildStatus"] == "SUCCEEDED"
