"""Certificates in S3, for a server whose own certificate no public authority has signed."""

from ssl import PEM_HEADER

from pointsman.adapters.aws_client import CERTIFICATES, aws_client
from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.errors import Misconfigured

MOST_BYTES = 1_000_000


def certificates_in(arn: str) -> str:
    """Return the PEM text of the object `arn`, as arn:aws:s3:::bucket/key. Raises Misconfigured or Unavailable."""
    bucket, _, key = arn.rpartition(":::")[2].partition("/")
    with translate_aws_errors(f"reading the certificates {arn}"):
        content = aws_client("s3", CERTIFICATES).get_object(Bucket=bucket, Key=key)["Body"].read(MOST_BYTES)
    text = content.decode("ascii", "replace")
    if PEM_HEADER not in text:
        raise Misconfigured(f"{arn} is not a certificate in PEM: store one that begins with {PEM_HEADER}")
    return str(text)
