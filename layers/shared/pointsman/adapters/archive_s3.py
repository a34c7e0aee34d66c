"""The archive on S3: the export in one bucket, digests and public keys in another, which has an Object Lock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.core.archive.digest import DIGESTS, KEYS
from pointsman.core.archive.ports import StoredName
from pointsman.core.archive.stream import FROM_TABLE, SEGMENTS, Segment
from pointsman.errors import Conflict, Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_A_TIME: Final = 16  # calls; a client keeps 20 connections
_DELETED_AT_ONCE: Final = 1_000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


class S3Segments:
    """Writes segments, for audit_indexer, which may do nothing else with the archive."""

    def __init__(self, client: "S3Client", export: str) -> None:
        self._client, self._export = client, export

    def put_segments(self, segments: Iterable[Segment]) -> None:
        """See SegmentWriter.put_segments."""
        for each in segments:
            self._put(each.name, each.content)

    def oldest_segment(self) -> str | None:
        """See SegmentWriter.oldest_segment. One call."""
        with translate_aws_errors("listing the segments of the archive"):
            answer = self._client.list_objects_v2(Bucket=self._export, Prefix=f"{SEGMENTS}2", MaxKeys=1)
        return next((each["Key"] for each in answer.get("Contents", [])), None)

    def _put(self, name: str, content: bytes) -> None:
        with translate_aws_errors(f"storing {name} in the archive"):
            self._client.put_object(Bucket=self._export, Key=name, Body=content)


class S3Archive(S3Segments):
    """Reads and writes both buckets."""

    def __init__(self, client: "S3Client", export: str, digests: str) -> None:
        super().__init__(client, export)
        self._digests = digests

    def newest_digest(self) -> str | None:
        """See ArchiveStore.newest_digest. One call for each level of the name: year, month, day, hour."""
        prefix = DIGESTS
        for _ in range(3):
            newest = max(self._folders(prefix), default=None)
            if newest is None:
                return None
            prefix = newest
        return max(self._digest_names(prefix), default=None)

    def digest_names(self, first: str, last: str) -> list[str]:
        """See ArchiveReader.digest_names. A name counts even if somebody has put a delete marker on it."""
        common = _common_prefix(first, last)
        return sorted({name for name in self._digest_names(common) if first <= name <= last})

    def digests(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.digests: their oldest versions, which the Object Lock protects."""
        days = {name.rpartition("/")[0] for name in names}
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            versions = {name: each for found in pool.map(self._versions, days) for name, each in found.items()}
        stored = [name for name in names if name in versions]
        return self._each(stored, lambda name: self._get(self._digests, name, versions[name][-1]))

    def load(self, names: Collection[str]) -> dict[str, bytes]:
        """See ArchiveReader.load."""
        return self._each(names, lambda name: self._get(self._export, name))

    def waiting(self) -> list[str]:
        """See ArchiveReader.waiting."""
        return [each.name for prefix in (FROM_TABLE, f"{SEGMENTS}2") for each in self.names(prefix, "~")]

    def public_keys(self) -> dict[str, bytes]:
        """See ArchiveReader.public_keys."""
        versions = self._versions(KEYS)
        found = self._each(versions, lambda name: self._get(self._digests, name, versions[name][-1]))
        return {name.removeprefix(KEYS).removesuffix(".pem"): pem for name, pem in found.items()}

    def names(self, prefix: str, before: str) -> list[StoredName]:
        """See ArchiveStore.names."""
        found: list[StoredName] = []
        with translate_aws_errors(f"listing {prefix} in the archive"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._export, Prefix=prefix):
                for each in page.get("Contents", []):
                    if each["Key"] >= before:
                        return found
                    found.append(StoredName(name=each["Key"], size=each["Size"]))
        return found

    def put(self, contents: Mapping[str, bytes]) -> None:
        """See ArchiveStore.put."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            list(pool.map(lambda name: self._put(name, contents[name]), contents))

    def put_digest(self, name: str, content: bytes) -> None:
        """See ArchiveStore.put_digest."""
        if not self._put_once(name, content):
            raise Conflict(f"storing {name}")

    def put_public_key(self, name: str, pem: bytes) -> None:
        """See ArchiveStore.put_public_key."""
        self._put_once(name, pem)

    def delete(self, names: Collection[str]) -> None:
        """See ArchiveStore.delete."""
        for batch in batched(names, _DELETED_AT_ONCE):
            with translate_aws_errors("deleting what is archived"):
                answer = self._client.delete_objects(
                    Bucket=self._export, Delete={"Objects": [{"Key": name} for name in batch], "Quiet": True}
                )
            if errors := answer.get("Errors"):
                raise Misconfigured(f"S3 does not delete {errors[0].get('Key')}: {errors[0].get('Message')}")

    def _put_once(self, name: str, content: bytes) -> bool:
        """Store an object if there is none of this name. S3 wants a checksum where there is an Object Lock."""
        try:
            with translate_aws_errors(f"storing {name} in the archive"):
                self._client.put_object(
                    Bucket=self._digests, Key=name, Body=content, IfNoneMatch="*", ChecksumAlgorithm="SHA256"
                )
        except Conflict:
            return False
        return True

    def _get(self, bucket: str, name: str, version: str | None = None) -> bytes | None:
        """The content of an object; None: it is not there."""
        with translate_aws_errors(f"reading {name} of the archive"):
            try:
                answer = (
                    self._client.get_object(Bucket=bucket, Key=name, VersionId=version)
                    if version
                    else self._client.get_object(Bucket=bucket, Key=name)
                )
                return answer["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchVersion"}:
                    return None
                raise

    def _each(self, names: Collection[str], read: Callable[[str], bytes | None]) -> dict[str, bytes]:
        ordered = list(names)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            contents = pool.map(read, ordered)
            return {name: content for name, content in zip(ordered, contents, strict=True) if content is not None}

    def _versions(self, prefix: str) -> dict[str, list[str]]:
        """The versions of each object under a prefix, newest first."""
        found: dict[str, list[str]] = {}
        with translate_aws_errors(f"listing {prefix} in the archive"):
            paginator = self._client.get_paginator("list_object_versions")
            for page in paginator.paginate(Bucket=self._digests, Prefix=prefix):
                for each in page.get("Versions", []):
                    found.setdefault(each["Key"], []).append(each["VersionId"])
        return found

    def _digest_names(self, prefix: str) -> Iterable[str]:
        return [name for name in self._versions(prefix) if name.startswith(DIGESTS)]

    def _folders(self, prefix: str) -> Iterator[str]:
        with translate_aws_errors(f"listing {prefix} in the archive"):
            paginator = self._client.get_paginator("list_object_versions")
            for page in paginator.paginate(Bucket=self._digests, Prefix=prefix, Delimiter="/"):
                yield from (each["Prefix"] for each in page.get("CommonPrefixes", []))


def _common_prefix(first: str, last: str) -> str:
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:same]
