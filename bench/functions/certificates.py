"""TLS on this machine: a certificate authority of the benchmark, which the functions trust beside those they have.

It is added to every list of authorities that a function may read, and takes none away: parsing them is a cost that
Lambda has as well.
"""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
LISTS = {".pem", ".crt"}


class Authority:
    """An authority with one certificate for this machine, both in `folder`."""

    def __init__(self, folder: Path) -> None:
        key, server_key = _key(), _key()
        name = _name("Authority of the benchmark")
        root = _certificate(name, name, key, key, x509.BasicConstraints(ca=True, path_length=0))
        leaf = _certificate(_name(HOST), name, server_key, key, x509.BasicConstraints(ca=False, path_length=None))
        self._pem = root.public_bytes(serialization.Encoding.PEM)
        self._server = folder / "server.pem"
        self._server.write_bytes(_private(server_key) + leaf.public_bytes(serialization.Encoding.PEM))

    def context(self) -> ssl.SSLContext:
        """What a server needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._server)
        return context

    def join(self, folder: Path) -> None:
        """Add the authority to each list of authorities below `folder`."""
        for path in folder.rglob("*"):
            if path.suffix in LISTS and path.is_file() and b"BEGIN CERTIFICATE" in (text := path.read_bytes()):
                path.write_bytes(text.rstrip() + b"\n" + self._pem)

    def system_list(self, at: Path) -> None:
        """Write the list that a Linux has for all programs, with the authority: botocore's is as long."""
        at.write_bytes((Path(botocore.__file__).parent / "cacert.pem").read_bytes() + self._pem)


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)  # as AWS's endpoints have


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    signer: rsa.RSAPrivateKey,
    constraints: x509.BasicConstraints,
) -> x509.Certificate:
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    signer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    usage = x509.KeyUsage(
        digital_signature=not constraints.ca,
        key_encipherment=not constraints.ca,
        key_cert_sign=constraints.ca,
        crl_sign=constraints.ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(constraints, critical=True)
        .add_extension(usage, critical=True)
        .add_extension(names, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_id, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
