"""Checks the chain of digests: signatures, hashes of those before, and gaps."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pointsman.core.archive.digest import HOUR, Digest, SignedDigest, digest_hour
from pointsman.core.archive.findings import Finding, of_digest

type CheckSignature = Callable[[bytes, bytes, bytes], bool]
"""Whether a public key (PEM) has made a signature over a message: (key, signature, message)."""


def check_digests(
    names: Sequence[str],
    contents: Mapping[str, bytes],
    keys: Mapping[str, bytes],
    check_signature: CheckSignature,
) -> tuple[list[tuple[SignedDigest, Digest]], list[Finding]]:
    """Check digests, whose names come in order. Return those that can be trusted, and what is wrong."""
    good: list[tuple[SignedDigest, Digest]] = []
    findings: list[Finding] = []
    for name in names:
        hour = digest_hour(name)
        signed = _read(contents.get(name))
        if signed is None:
            findings.append(of_digest("changed", hour, "cannot be read"))
            continue
        if problem := _problem(signed, hour, keys, check_signature):
            findings.append(of_digest("changed", hour, problem))
            continue
        if good:
            findings += _link(good[-1], (signed, signed.digest), hour)
        good.append((signed, signed.digest))
    return good, findings


def _read(content: bytes | None) -> SignedDigest | None:
    try:
        return SignedDigest.read_bytes(content or b"")
    except ValueError:
        return None


def _problem(
    signed: SignedDigest, hour: datetime, keys: Mapping[str, bytes], check_signature: CheckSignature
) -> str | None:
    if signed.digest.hour != hour:
        return f"is that of {signed.digest.hour:%Y-%m-%d %H:00}"
    if signed.key not in keys:
        return f"was signed with another key ({signed.key[:16]})"
    if not check_signature(keys[signed.key], bytes.fromhex(signed.signature), bytes.fromhex(signed.sha256)):
        return "does not have a valid signature"
    return None


def _link(before: tuple[SignedDigest, Digest], now: tuple[SignedDigest, Digest], hour: datetime) -> list[Finding]:
    missing = before[1].hour + HOUR
    if missing < hour:
        last = hour - HOUR
        many = "" if missing == last else f", and those up to {last:%Y-%m-%d %H:00}"
        return [of_digest("missing", missing, f"is missing{many}")]
    if now[1].previous != before[0].sha256:
        return [of_digest("changed", hour, "does not have the hash of the digest before it")]
    return []
