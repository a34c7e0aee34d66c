"""Writes the roots of Amazon Trust Services, out of certifi's list, as PEM: `make roots`.

AWS's endpoints have certificates below these five: https://www.amazontrust.com/repository/
"""

import hashlib
import re
import ssl
import sys
from pathlib import Path

import certifi

# Common name of each root, and the SHA-256 of its certificate. The page has their public keys too.
ROOTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)


def main() -> None:
    """Print the five roots."""
    trusted = by_digest(Path(certifi.where()).read_text())
    if missing := [name for name, digest in ROOTS.items() if digest not in trusted]:
        sys.exit(f"certifi {certifi.__version__} lacks {', '.join(missing)}")
    for name, digest in ROOTS.items():
        sys.stdout.write(f"# {name}\n{trusted[digest]}")


def by_digest(text: str) -> dict[str, str]:
    """The SHA-256 of each certificate in a text → its PEM."""
    return {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem for pem in CERTIFICATE.findall(text)}


if __name__ == "__main__":
    main()
