"""The Signer port on KMS: an asymmetric key of the kind ECC_NIST_P256, which never leaves KMS."""

from typing import TYPE_CHECKING

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.core.archive.digest import ALGORITHM

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSigner:
    """Signs with one key."""

    def __init__(self, client: "KMSClient", key: str) -> None:
        self._client, self._key = client, key

    def public_key(self) -> bytes:
        """See Signer.public_key."""
        with translate_aws_errors("reading the public key of the digests"):
            return self._client.get_public_key(KeyId=self._key)["PublicKey"]

    def sign(self, message: bytes) -> bytes:
        """See Signer.sign."""
        with translate_aws_errors("signing a digest"):
            return self._client.sign(KeyId=self._key, Message=message, MessageType="RAW", SigningAlgorithm=ALGORITHM)[
                "Signature"
            ]
