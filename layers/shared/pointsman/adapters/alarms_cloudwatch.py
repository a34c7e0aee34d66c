"""The Alarms port on CloudWatch: with the function's own role in its account, elsewhere with the worker's start role.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.adapters.aws_client import ALARMS, aws_client
from pointsman.adapters.worker_role import assume_worker_role
from pointsman.core.alarms import AlarmPlace, missing, not_an_alarm, reading, split_alarm_arn
from pointsman.core.ports import AlarmReading, AlarmState

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

NAMES_IN_A_CALL = 100
PARALLEL = 16
_STATES = {"OK": AlarmState.OK, "ALARM": AlarmState.ALARM, "INSUFFICIENT_DATA": AlarmState.INSUFFICIENT_DATA}


class CloudWatchAlarms:
    """Alarms of account `account_id`, and through role `<role>-<region>` of every worker account. No client is kept."""

    def __init__(self, account_id: str, role: str, external_id: str) -> None:
        self._account_id = account_id
        self._role = role
        self._external_id = external_id

    def states(self, arns: Collection[str]) -> dict[str, AlarmReading]:
        """See Alarms.states."""
        alarms = {arn: split_alarm_arn(arn) for arn in arns}
        names: dict[AlarmPlace, list[str]] = defaultdict(list)
        for place, name in filter(None, alarms.values()):
            names[place].append(name)
        if not names:
            return dict.fromkeys(alarms, not_an_alarm())
        with ThreadPoolExecutor(max_workers=min(PARALLEL, len(names))) as pool:
            found = dict(zip(names, pool.map(self._read, names.keys(), names.values()), strict=True))
        return {arn: found[alarm[0]][alarm[1]] if alarm else not_an_alarm() for arn, alarm in alarms.items()}

    def _read(self, place: AlarmPlace, names: Sequence[str]) -> dict[str, AlarmReading]:
        """The readings of one account and region, by name. Whatever fails there makes all of them unreadable."""
        try:
            found = self._describe(self._client(place), names)
        except (BotoCoreError, ClientError) as error:
            reason = f"reading alarms in {place.account_id}/{place.region} failed: {error}"
            return dict.fromkeys(names, reading(AlarmState.UNREADABLE, reason))
        return {name: found.get(name, missing(place)) for name in names}

    @staticmethod
    def _describe(client: Any, names: Sequence[str]) -> dict[str, AlarmReading]:
        pages = client.get_paginator("describe_alarms")
        alarms: list[Any] = []
        for some in batched(names, NAMES_IN_A_CALL):
            for page in pages.paginate(
                AlarmNames=list(some),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                PaginationConfig={"PageSize": NAMES_IN_A_CALL},
            ):
                alarms += [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: _reading(alarm) for alarm in alarms}

    def _client(self, place: AlarmPlace) -> Any:
        credentials = {} if place.account_id == self._account_id else self._credentials(place)
        return aws_client("cloudwatch", ALARMS, region_name=place.region, **credentials)

    def _credentials(self, place: AlarmPlace) -> dict[str, str]:
        sts: STSClient = aws_client("sts", ALARMS)
        answer = assume_worker_role(sts, self._role, place.account_id, place.region, self._external_id)
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }


def _reading(alarm: Any) -> AlarmReading:
    value = alarm.get("StateValue", "")
    if value not in _STATES:  # a state that CloudWatch has added
        return reading(AlarmState.UNREADABLE, f"CloudWatch says {value}, which this version does not know")
    return reading(_STATES[value], alarm.get("StateReason", ""))
