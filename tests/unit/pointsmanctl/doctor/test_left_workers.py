"""Worker stacks that routes.yaml no longer names."""

from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.left_workers import LeftWorkers, find_left_workers
from pointsmanctl.deployment.settings import parse_deploy_settings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.doctor.left_workers import judge
from tests.support.deployment import routes

CONTROL = "111111111111"


def stack(control: str = "pointsman", account: str = CONTROL, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    values = {"ControlStackName": control, "ControlAccountId": account}
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return {"StackId": "arn:x", "StackStatus": status, "Parameters": parameters}


class Accounts:
    """Accounts with some stacks by target, or what a call raises there."""

    def __init__(self, **at: Any) -> None:
        self._at = {name.replace("__", "/").replace("_", "-"): each for name, each in at.items()}
        self.asked: list[str] = []

    def environment(self, account: str, region: str) -> dict[str, str]:
        return {}

    def client(self, service: str, account: str, region: str) -> Any:
        self.asked.append(f"{account}/{region}")
        return Client(self._at.get(f"{account}/{region}"))


class Client:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - boto3's name
        assert StackName == "pointsman-worker"
        match self._answer:
            case None:
                raise refusal("ValidationError", "Stack with id pointsman-worker does not exist")
            case Exception():
                raise self._answer
        return {"Stacks": [self._answer]}


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


def search(accounts: Accounts) -> LeftWorkers:
    installation = Installation(parse_deploy_settings({}, "pointsman.toml"), routes(), Sources(), "us-east-1")
    return find_left_workers(installation, accounts, CONTROL)


def test_only_other_regions_of_the_same_partition_are_searched() -> None:
    accounts = Accounts()
    assert search(accounts) == LeftWorkers([], [])
    assert "dev/eu-north-1" in accounts.asked
    assert not {"dev/eu-west-1", "prod/us-east-1", "dev/cn-north-1"} & set(accounts.asked)


def test_a_stack_of_this_installation_is_found_and_others_are_not() -> None:
    found = search(
        Accounts(
            dev__eu_north_1=stack(),
            dev__eu_west_3=stack(control="another"),
            prod__eu_north_1=stack(account="999999999999"),
            prod__eu_west_3=stack(status="DELETE_COMPLETE"),
        )
    )
    assert found == LeftWorkers(["dev/eu-north-1"], [])
    result = judge(found)
    assert result.state == "warning"
    assert "1 worker stack of this installation, but not in routes.yaml: dev/eu-north-1" in result.message
    assert "pointsman destroy --only dev/eu-north-1" in result.remedy


def test_a_region_that_is_not_enabled_is_empty_and_one_that_cannot_be_read_is_said() -> None:
    found = search(
        Accounts(
            dev__me_south_1=refusal("InvalidClientTokenId"),
            dev__eu_north_1=refusal("AccessDenied"),
            prod__eu_north_1=EndpointConnectionError(endpoint_url="https://x"),
        )
    )
    assert found == LeftWorkers([], ["dev/eu-north-1", "prod/eu-north-1"])
    assert (judge(found).state, judge(LeftWorkers()).state) == ("skipped", "ok")
