"""Where the rules are from."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

VERSION = "8.30.1"
SOURCE = f"https://github.com/gitleaks/gitleaks/blob/v{VERSION}/config/gitleaks.toml"
FILE = Path(__file__).with_name("gitleaks.toml")
SHA256 = "e163e53b9e7e8a8511e77271e2b323ed057759542a6d988258afe3a1fa329caf"


class Altered(Exception):
    """The file is not the one of the version that this module names."""


def read_rules() -> list[dict[str, Any]]:
    """The rules as gitleaks publishes them. Raises Altered."""
    content = FILE.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise Altered(f"{FILE.name} has the SHA-256 {found}. If it is of a new version, set VERSION and SHA256 here.")
    rules: list[dict[str, Any]] = tomllib.loads(content.decode())["rules"]
    return rules
