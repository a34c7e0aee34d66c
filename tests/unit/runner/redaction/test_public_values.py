"""What looks like a key and is public stays: paths, checksums, public keys and the names of secrets."""

import base64
import hashlib
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redaction import MARKER, Redactor, Strictness

from tests.support.canaries import P

SEEDS = st.integers(0, 2**32)
KEY = base64.b64encode(hashlib.sha256(b"a key").digest()).decode()
LONG_KEY = base64.b64encode(hashlib.sha512(b"a key").digest()).decode()
SHA_384 = base64.b64encode(hashlib.sha384(b"a file").digest()).decode()
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:infra/vault-AbCdEf"
DENIED = (
    "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/pointsman-build/x is not authorized"
    f" to perform: secretsmanager:GetSecretValue on resource: {ARN} because no identity-based policy allows it"
)

PATHS = (
    "/srv/www/acme/releases/20261130121703/shared/config",
    "services/payment/deploy/eu1/containers/app/Dockerfile",
    "/usr/lib/jvm/java17/conf/security/policy/unlimited/default",
    f"/var/lib/docker/overlay2/{hashlib.sha256(b'layer').hexdigest()}/merged",
    "/usr/share/icons/Adwaita/cursors/6407b0e94181790501fd1e167b474872",
    "/srv/releases/9f8e7d6c5b4a/containers/application/Dockerfile2",
    "/var/www/app/styles.9c1185a5c5e9fc54.css",
    "styles.9c1185a5c5e9fc54.css",
    "dist/chunks.9c1185a5c5e9fc54",
    "chunks.9c1185a5c5e9fc54.js.map",
    "backup.2026113012170300",
    "common.responsehandlers",
)
CHECKSUMS = (
    *(hashlib.new(name, b"a file").hexdigest() for name in ("sha224", "sha256", "sha384", "sha512")),
    hashlib.sha512(b"a file").hexdigest().upper(),
    f"sha256={KEY}",
    f"sha256-{KEY}",
    f"sha384-{SHA_384}",
    f"sha512-{LONG_KEY}",
    f"sha512={LONG_KEY}",
    f"  integrity sha512-{LONG_KEY}",
    f'"integrity": "sha512-{LONG_KEY}"',
    f"app.py,sha256={KEY},12",
    f"Digest: SHA-256={KEY}",
    f"Content-Digest: sha-256=:{KEY}:",
    f"Repr-Digest: sha-512=:{LONG_KEY}:",
    f"x-amz-checksum-sha256: {KEY}",
    f"--pinnedpubkey 'sha256//{KEY}'",
)
PUBLIC_KEYS = (
    f"PublicKey = {KEY}",
    f"PublicKey={KEY}",
    f"  public key: {KEY}",
    f"peer: {KEY}",
    f"wg set wg0 peer {KEY} allowed-ips 10.0.0.2/32",
    f"wg_public_key: {KEY}",
    f"wireguard_pubkey: '{KEY}'",
)
NAMES_OF_SECRETS = (
    ARN,
    DENIED,
    f'{{"SecretArn": "{ARN}"}}',
    f"vault_secret: {ARN}",
    f"valueFrom: {ARN}:api_key::",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db_password-AbC1Ef:password:AWSCURRENT:",
    "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:app/stripe_key-AbC1Ef",
    "arn:aws:secretsmanager:*:*:secret:pointsman/*",
)


@pytest.mark.parametrize("text", [*PATHS, *CHECKSUMS, *PUBLIC_KEYS, *NAMES_OF_SECRETS])
def test_what_is_public_stays(text: str) -> None:
    for strictness in Strictness:
        assert Redactor().redact(text, strictness) == text
        assert Redactor().redact(f"first\n+{text}\nlast", strictness) == f"first\n+{text}\nlast"


def test_the_name_of_a_secret_is_not_learnt() -> None:
    redactor = Redactor()
    redactor.redact(DENIED, Strictness.MESSAGE)
    assert redactor.redact("infra/vault-AbCdEf", Strictness.TITLE) == "infra/vault-AbCdEf"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"PrivateKey = {KEY}", f"PrivateKey = {MARKER}"),
        (f"PublicKey = {KEY}\nPrivateKey = {KEY[::-1][1:]}=", f"PublicKey = {KEY}\nPrivateKey = {MARKER}"),
        (f"key: {KEY}", f"key: {MARKER}"),
        (f"key {LONG_KEY}", f"key {MARKER}"),
        (SHA_384, MARKER),
        (f"{ARN} password={P}", f"{ARN} password={MARKER}"),
        ("secret:infra/vault-AbCdEf9Xk", f"secret:{MARKER}"),
        ("it is abcdef.0123456789abcdef", f"it is {MARKER}"),
        ("token abcdef.0123456789abcdef.", f"token {MARKER}."),
    ],
)
def test_what_is_beside_it_does_not(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


@given(SEEDS, st.sampled_from([56, 64, 70, 76]))
def test_a_line_of_a_key_is_no_path(seed: int, length: int) -> None:
    letters = random.Random(seed).choices(string.ascii_letters + string.digits + "+/", k=length)
    line = "".join([*letters, "7"])
    assert line[1:] not in Redactor().redact(f"first\n{line}\nlast")


def test_a_line_of_a_vault_is_no_digest() -> None:
    line = "3862653763366264" * 5
    assert Redactor().redact(f"first\n{line}\nlast") == f"first\n{MARKER}\nlast"
