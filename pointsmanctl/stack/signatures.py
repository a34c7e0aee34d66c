"""Checks the signatures of digests, offline."""

from collections.abc import Mapping

from pointsman.core.archive.check_digests import CheckSignature
from pointsmanctl.errors import InvalidInput


def _is_signature(pem: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


is_signature: CheckSignature = _is_signature
"""Whether a public key has made a signature over a message, with ECDSA and SHA-256."""


def fingerprint_of(pem: bytes) -> str:
    """The fingerprint of a public key: SHA-256 over its DER form. Raises ValueError."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    der = load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def trusted(keys: Mapping[str, bytes], fingerprint: str | None) -> dict[str, bytes]:
    """The keys that may have signed: all of them, or the one of `fingerprint`. Their fingerprints are computed anew."""
    try:
        found = {fingerprint_of(pem): pem for pem in keys.values()}
    except ValueError as error:
        raise InvalidInput(f"a public key of the archive cannot be read: {error}") from error
    if fingerprint is None:
        return found
    wanted = fingerprint.strip().lower().replace(":", "")
    if wanted not in found:
        raise InvalidInput(f"no digest can be checked: there is no public key with the fingerprint {fingerprint}")
    return {wanted: found[wanted]}
