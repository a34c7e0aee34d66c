"""Bridges Lambda's reading of DynamoDB streams.

Gaps: the emulator reads every stream in the thread that also polls every queue, so that one slow function holds up all
others; it ignores batching windows and reported batch item failures, and retries a record without end.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any, Final

from localcloud.aws import emulator
from localcloud.aws.emulator import dynamodb, lambda_svc

logger = logging.getLogger("localcloud.dynamodb_streams")

_FIRST_DELAY_SECONDS: Final = 0.5
_LONGEST_DELAY_SECONDS: Final = 10.0


class StreamReaders:
    """Starts one reader for each event source mapping that has new records."""

    def __init__(self) -> None:
        self._reading: set[str] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def install(self) -> None:
        """Replace the emulator's stream reader; its poll loop still calls `poll`."""
        lambda_svc._poll_dynamodb_streams = self.poll

    def close(self) -> None:
        """Start no more readers, and stop those that wait."""
        self._closed.set()

    def poll(self) -> bool:
        """Start a reader for each mapping with new records; always False: the poll loop need not speed up."""
        for account, region, mapping in lambda_svc._iter_all_esms():
            identity = mapping["UUID"]
            with emulator.scope(account, region):
                waiting = mapping.get("Enabled", True) and _waiting(mapping)
            with self._lock:
                if not waiting or identity in self._reading or self._closed.is_set():
                    continue
                self._reading.add(identity)
            threading.Thread(target=self._read, args=(account, region, mapping), daemon=True).start()
        return False

    def _read(self, account: str, region: str, mapping: dict[str, Any]) -> None:
        """Process all waiting records, then end."""
        try:
            with emulator.scope(account, region):
                self._closed.wait(float(mapping.get("MaximumBatchingWindowInSeconds") or 0))
                failures = 0
                while not self._closed.is_set() and _waiting(mapping):
                    progress = _process_batch(mapping, failures)
                    failures = 0 if progress else failures + 1
                    if failures:
                        self._closed.wait(min(_FIRST_DELAY_SECONDS * 2 ** (failures - 1), _LONGEST_DELAY_SECONDS))
        except Exception:
            logger.exception("the stream of %s could not be read", mapping.get("FunctionName"))
            self._closed.wait(_FIRST_DELAY_SECONDS)
        finally:
            with self._lock:
                self._reading.discard(mapping["UUID"])
            lambda_svc.esm_wake.set()


def _process_batch(mapping: dict[str, Any], failures: int) -> bool:
    """Invoke the function with one batch; whether any record is done."""
    table, position = _table(mapping), _position(mapping)
    batch = dynamodb.stream_records_since(table, position, int(mapping.get("BatchSize") or 100))
    records = lambda_svc._apply_filter_criteria(batch, mapping)
    function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    result = lambda_svc._execute_function(function, {"Records": records}) if records else {}
    done = _done(batch, records, result, mapping)
    if done < len(batch) and done == 0 and _retries_exhausted(mapping, batch, failures):
        logger.warning(
            "%s failed on %d records, which are dropped: %s", mapping["FunctionName"], len(batch), result.get("body")
        )
        arn = mapping["EventSourceArn"]
        lambda_svc._send_ddb_stream_failure_record(mapping, function, batch, arn, result, "RetryAttemptsExhausted")
        done = len(batch)
    _advance(mapping, position + done)
    mapping["LastProcessingResult"] = "OK" if done == len(batch) else "FAILED"
    return done > 0


def _done(batch: list[Any], records: list[Any], result: dict[str, Any], mapping: dict[str, Any]) -> int:
    """How many records of the batch, from its start, are done."""
    if result.get("error"):
        logger.warning("%s failed on its stream: %s", mapping["FunctionName"], result.get("body"))
        return 0
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return len(batch)
    failed = _failed(result.get("body"))
    numbers = [str(record["dynamodb"]["SequenceNumber"]) for record in batch]
    places = [numbers.index(each) for each in failed if each in numbers]
    if failed and not places:
        # As on AWS: an answer that names an unknown record fails the whole batch.
        return 0
    return min(places, default=len(batch))


def _failed(body: object) -> list[str]:
    """The sequence numbers under `batchItemFailures`."""
    try:
        answer = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return []
    listed = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    return [str(each.get("itemIdentifier", "")) for each in listed or []]


def _retries_exhausted(mapping: dict[str, Any], batch: list[Any], failures: int) -> bool:
    retries = mapping.get("MaximumRetryAttempts")
    if retries is not None and 0 <= int(retries) <= failures:
        return True
    age = mapping.get("MaximumRecordAgeInSeconds")
    created = float(batch[0]["dynamodb"].get("ApproximateCreationDateTime") or time.time())
    return age is not None and 0 < int(age) < time.time() - created


def _waiting(mapping: dict[str, Any]) -> bool:
    table = _table(mapping)
    if table is None or (dynamodb._tables.get(table) or {}).get("LatestStreamArn") != mapping["EventSourceArn"]:
        return False
    return bool(_position(mapping) < dynamodb.stream_end_position(table))


def _table(mapping: dict[str, Any]) -> str | None:
    """The table whose stream the mapping reads; None for other sources."""
    arn = str(mapping.get("EventSourceArn", ""))
    if ":dynamodb:" not in arn or "/stream/" not in arn:
        return None
    return arn.partition(":table/")[2].partition("/stream/")[0]


def _position(mapping: dict[str, Any]) -> int:
    """The position of the next record; at first the starting position."""
    table, positions = _table(mapping), lambda_svc._dynamodb_stream_positions
    with lambda_svc._dynamodb_stream_positions_lock:
        horizon = dynamodb.stream_start_position(table)
        if mapping["UUID"] not in positions:
            latest = mapping.get("StartingPosition") == "LATEST"
            positions[mapping["UUID"]] = dynamodb.stream_end_position(table) if latest else horizon
        return max(int(positions[mapping["UUID"]]), int(horizon))


def _advance(mapping: dict[str, Any], position: int) -> None:
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
