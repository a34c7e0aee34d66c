"""The archive of a control stack: verify it, save what is needed to verify it offline, and add what is missing."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from pointsman.adapters.archive_s3 import S3Archive
from pointsman.adapters.dynamodb import pages
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.adapters.signer_kms import KmsSigner
from pointsman.core.archive.archiver import pem_of
from pointsman.core.archive.keep import WholeArchive
from pointsmanctl.errors import CloudUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from pointsmanctl.stack.connection import Connection

_AT_A_TIME: Final = 8


class TrailTable:
    """The audit table, by partition."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def items(self, partitions: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
        """See TrailPartitions.items. Consistent reads."""
        names = list(partitions)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return dict(zip(names, pool.map(self._partition, names), strict=True))

    def _partition(self, name: str) -> list[dict[str, Any]]:
        query = pages(
            self._client,
            f"reading {name}",
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": name}},
            ConsistentRead=True,
        )
        return list(query)


def archive_of(connection: "Connection") -> WholeArchive:
    """The archive of a stack. Raises CloudUnavailable if it has none yet."""
    export, digests = output(connection, "ExportBucketName"), output(connection, "DigestBucketName")
    kept = DynamoKeptSegments(connection.dynamodb, connection.index_table)
    return WholeArchive(S3Archive(connection.s3, export, digests), kept)


def public_key_of(connection: "Connection") -> bytes:
    """The public key that signs the digests, in PEM. Raises Unavailable or Misconfigured."""
    return pem_of(KmsSigner(connection.kms, output(connection, "SigningKeyArn")).public_key())


def output(connection: "Connection", name: str) -> str:
    """An output of the stack. Raises CloudUnavailable if the stack has none yet."""
    if value := connection.outputs.get(name):
        return value
    raise CloudUnavailable("the control stack is of an earlier version: run `pointsman deploy`")
