"""The buckets and the key of the archive on moto, as the control stack makes them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client


def make_archive(client: "S3Client", export: str = "export", digests: str = "digests") -> None:
    """Make both buckets. Nobody can remove a digest for a year."""
    client.create_bucket(Bucket=export)
    client.create_bucket(Bucket=digests, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket=digests,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}},
        },
    )


def make_signing_key(client: "KMSClient") -> str:
    """Make the key that signs digests, and return its ARN."""
    return client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
