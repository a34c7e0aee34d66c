"""The Expiry port on DynamoDB: Time to Live of the audit table."""

from typing import TYPE_CHECKING, Final

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.core.trail.item import EXPIRES_AT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ON: Final = {"ENABLED", "ENABLING"}


class DynamoExpiry:
    """Switches it on and off. DynamoDB needs up to an hour for it, and refuses another change meanwhile.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def switch(self, *, on: bool) -> bool:
        """See Expiry.switch."""
        with translate_aws_errors("reading the Time to Live of the audit table"):
            status = self._client.describe_time_to_live(TableName=self._table)["TimeToLiveDescription"]
        if (status.get("TimeToLiveStatus") in _ON) is on:
            return False
        with translate_aws_errors("switching the Time to Live of the audit table"):
            self._client.update_time_to_live(
                TableName=self._table, TimeToLiveSpecification={"Enabled": on, "AttributeName": EXPIRES_AT}
            )
        return True
