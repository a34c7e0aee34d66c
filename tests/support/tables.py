"""The tables on moto, as the control stack makes them (a contract test compares the template with these)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_tables(
    client: "DynamoDBClient", rollouts: str = "rollouts", audit: str = "audit", index: str = "index"
) -> None:
    """Make the rollouts table, the audit table with its stream, and the index of the trail."""
    client.create_table(
        TableName=index,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=_strings({"pk", "sk"}),
    )
    client.create_table(
        TableName=rollouts,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=_strings({"pk", "sk", "open"}),
        GlobalSecondaryIndexes=[
            {"IndexName": "open", "KeySchema": _keys("open", "pk"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
    )
    client.create_table(
        TableName=audit,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=_strings({"pk", "sk"}),
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def _keys(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _strings(names: set[str]) -> Any:
    return [{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)]
