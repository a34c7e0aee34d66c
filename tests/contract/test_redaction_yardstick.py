"""Our table of secrets' shapes is held against the rules of detect-secrets, which others maintain."""

import re
from collections.abc import Iterator

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from redaction import MARKER, Redactor

PRINTED = st.characters(min_codepoint=33, max_codepoint=126)
SHORTEST = 20  # characters: their rules also take what no vendor issues, such as xoxb-0-0
# What those rules find by the words around a secret is ours to find by its name, and addresses are no secrets.
BY_NAME = {
    "AWSKeyDetector": "aws.",
    "ArtifactoryDetector": "AP[",
    "BasicAuthDetector": "://",
    "CloudantDetector": "cloudant|cl|clou",
    "IPPublicDetector": "",
    "IbmCloudIamDetector": "",
    "IbmCosHmacDetector": "",
    "JwtTokenDetector": "",  # takes any two words with a dot; ours are held by samples
    "PrivateKeyDetector": "BEGIN",
    "SoftlayerDetector": "",
}


def rules() -> Iterator[tuple[str, re.Pattern[str]]]:
    detectors: dict[str, type] = get_mapping_from_secret_type_to_class()
    for detector in detectors.values():
        for pattern in getattr(detector, "denylist", ()):
            left_out = BY_NAME.get(detector.__name__)
            if left_out is None or left_out not in pattern.pattern:
                yield detector.__name__, pattern


RULES = sorted(rules(), key=lambda rule: (rule[0], rule[1].pattern))


def test_most_rules_are_held_against() -> None:
    assert len(RULES) >= 20


@pytest.mark.parametrize(("name", "rule"), RULES, ids=[f"{name}-{place}" for place, (name, _) in enumerate(RULES)])
def test_what_detect_secrets_finds_is_redacted(name: str, rule: re.Pattern[str]) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(rule, fullmatch=True, alphabet=PRINTED))
    def redacted(secret: str) -> None:
        assume(len(secret) >= SHORTEST and "\\" not in secret)
        redacted_text = Redactor().redact(f"it is {secret} here")
        assert MARKER in redacted_text
        assert secret not in redacted_text

    redacted()
