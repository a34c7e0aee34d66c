"""A trail on moto with its index, and the connection by which commands read it."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto import mock_aws

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.trail.event import Event
from pointsmanctl.stack.connection import Connection
from tests.support.index import index_trail
from tests.support.tables import create_tables

OUTPUTS = {"AuditTableName": "audit", "IndexTableName": "index", "RolloutsTableName": "rollouts"}


@contextmanager
def recorded_trail(*events: Event) -> Iterator[Connection]:
    """Record events, and write their entries."""
    with mock_aws():
        connection = Connection(boto3.Session(region_name="us-east-1"), None, OUTPUTS)
        create_tables(connection.dynamodb)
        trail = DynamoTrail(connection.dynamodb, "audit")
        for event in events:
            assert trail.record(event)
        index_trail(connection.dynamodb)
        yield connection
