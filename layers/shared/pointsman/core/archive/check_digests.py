"""Checks the chain of digests: signatures, hashes of those before, and gaps."""

from collections.abc import Callable, Mapping
from datetime import datetime

from pointsman.core.archive.digest import HOUR, Digest, SignedDigest, digest_hour
from pointsman.core.archive.findings import Finding, of_digest

type CheckSignature = Callable[[bytes, bytes, bytes], bool]
"""Whether a public key (PEM) has made a signature over a message: (key, signature, message)."""


class DigestCheck:
    """Checks digests, which come in the order of their hours."""

    def __init__(self, keys: Mapping[str, bytes], check_signature: CheckSignature) -> None:
        self._keys, self._check_signature = keys, check_signature
        self._before: tuple[datetime, str] | None = None  # hour and hash of the last digest that can be trusted
        self.findings: list[Finding] = []

    def check(self, name: str, content: bytes | None) -> tuple[SignedDigest, Digest] | None:
        """Return a digest that can be trusted; None if something is wrong with it, which is in `findings`."""
        hour = digest_hour(name)
        signed = read_digest(content)
        if signed is None:
            self.findings.append(of_digest("changed", hour, "cannot be read"))
            return None
        digest = signed.digest
        if problem := self._problem(signed, digest, hour):
            self.findings.append(of_digest("changed", hour, problem))
            return None
        if self._before:
            self.findings += _link(*self._before, digest)
        self._before = hour, signed.sha256
        return signed, digest

    def _problem(self, signed: SignedDigest, digest: Digest, hour: datetime) -> str | None:
        if digest.hour != hour:
            return f"is that of {digest.hour:%Y-%m-%d %H:00}"
        if signed.key not in self._keys:
            return f"was signed with another key ({signed.key[:16]})"
        signature, message = _bytes_of(signed.signature), bytes.fromhex(signed.sha256)
        if signature is None or not self._check_signature(self._keys[signed.key], signature, message):
            return "does not have a valid signature"
        return None


def read_digest(content: bytes | None) -> SignedDigest | None:
    """The digest in an object; None: it cannot be read."""
    try:
        return SignedDigest.read_bytes(content or b"")
    except ValueError:
        return None


def _bytes_of(hexadecimal: str) -> bytes | None:
    try:
        return bytes.fromhex(hexadecimal)
    except ValueError:
        return None


def _link(hour_before: datetime, sha256_before: str, digest: Digest) -> list[Finding]:
    missing, hour = hour_before + HOUR, digest.hour
    if missing < hour:
        last = hour - HOUR
        many = "" if missing == last else f", and those up to {last:%Y-%m-%d %H:00}"
        return [of_digest("missing", missing, f"is missing{many}")]
    if digest.previous != sha256_before:
        return [of_digest("changed", hour, "does not have the hash of the digest before it")]
    return []
