"""The rules of gitleaks, in the texts that we redact: none is missed, and what only looks like a secret stays."""

import json
import random
import re
import string
import textwrap
import uuid
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from redaction import MARKER, Redactor, Strictness
from redaction.gitleaks_rules import BEGINNINGS, RULES
from redaction.known_tokens import _entropy
from redaction.rules import lower_case

from tests.support.secret_samples import Sampler

Rule = tuple[str, tuple[str, ...], str, str, float, str]
SEEDS = st.integers(0, 2**32)
# What stands between a vendor's name and a value in gitleaks' rules, and what does in texts.
BETWEEN = {
    r"(?:[ \t\w.-]{0,20})": "_api_key",
    r"""[\s'"]{0,3}""": r"\x20?",
    r"""[\x60'"\s=]{0,5}""": r"\x20?",
}

PLACES: dict[str, Callable[[str], str]] = {
    "a sentence": "The call was refused with {} (status 403).".format,
    "an added line": "--- before\n+++ after\n@@ -1,2 +1,2 @@\n name: web\n-level: 1\n+{}\n".format,
    "a removed line": "--- before\n+++ after\n@@ -1,2 +1,2 @@\n name: web\n-{}\n+level: 1\n".format,
    "JSON": lambda text: json.dumps({"stdout": text, "rc": 1}),
    "JSON in JSON": lambda text: json.dumps({"msg": json.dumps({"stdout": text, "rc": 1})}),
    "YAML": "web:\n  - '{}'\n  - port: 80\n".format,
    "a block of YAML": "files:\n  content: |\n    first\n    {}\n    last\n".format,
    "a command": "/usr/bin/deploy --verbose '{}' web-1 2>&1".format,
    "brackets": "[({})]".format,
    "a list": "web-1, {}, web-2".format,
    "the end of a sentence": "It is {}.".format,
}
IN_URLS: dict[str, Callable[[str], str]] = {
    "a query": "GET https://example.com/api?x=1&v={}&page=2 failed".format,
    "a path": "GET https://example.com/hooks/{}/events failed".format,
    "a fragment": "see https://example.com/#{}".format,
}


def ids(rule: Rule) -> str:
    return rule[0]


def drawn(rule: Rule, seed: int) -> tuple[str, str]:
    """A text that a rule finds, as people and programs write it, and its secret."""
    name, words, pattern, kind, entropy, allowed = rule
    if kind == "name":
        for written, usual in BETWEEN.items():
            pattern = pattern.replace(written, usual)
    pattern = pattern.replace("xoxe.xox", r"xoxe\.xox")  # its keyword has the full stop
    text, secret = Sampler(seed).draw(pattern)
    assume(not any(ord(sign) < 32 or sign in "\"'\\`" for sign in text))
    assume(any(word in lower_case(text) for word in words) or name == "facebook-access-token")
    assume(_entropy(secret) > entropy and not (allowed and re.fullmatch(allowed, secret)))
    return ("facebook " if name == "facebook-access-token" else "") + text, secret


def leaked(text: str, secret: str, strictness: Strictness = Strictness.CONTENT) -> bool:
    redacted = Redactor().redact(text, strictness)
    return secret in redacted or MARKER not in redacted


def is_only_a_digest(rule: Rule, secret: str) -> bool:
    """`sourcegraph` and 40 hexadecimal digits somewhere after it: the id of a commit."""
    return rule[0] == "sourcegraph-access-token" and "sgp_" not in secret.lower()


@pytest.mark.parametrize("rule", RULES, ids=ids)
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, place=st.sampled_from(sorted(PLACES)), strictness=st.sampled_from(Strictness))
def test_no_secret_of_a_rule_is_missed(rule: Rule, seed: int, place: str, strictness: Strictness) -> None:
    text, secret = drawn(rule, seed)
    assume(not is_only_a_digest(rule, secret))
    assert not leaked(PLACES[place](text), secret, strictness)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule[3] == "beginning"], ids=ids)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, place=st.sampled_from(sorted(IN_URLS)))
def test_no_token_in_a_url_is_missed(rule: Rule, seed: int, place: str) -> None:
    text, secret = drawn(rule, seed)
    assert not leaked(IN_URLS[place](text), secret)


@pytest.mark.parametrize("beginning", BEGINNINGS)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, place=st.sampled_from(sorted(PLACES)))
def test_a_token_that_was_cut_is_not_missed(beginning: str, seed: int, place: str) -> None:
    characters = random.Random(seed).choices(string.ascii_letters + string.digits, k=18)
    token = "".join(characters)
    assume(sum(map(str.isdigit, token)) > 1)
    assert not leaked(PLACES[place](beginning + token), token)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, rule=st.sampled_from([rule for rule in RULES if rule[3] == "beginning"]))
def test_the_first_line_of_a_token_that_was_wrapped_is_not_missed(seed: int, rule: Rule) -> None:
    _, secret = drawn(rule, seed)
    assume(len(secret) > 30 and secret.startswith(BEGINNINGS) and secret.isascii())
    first = textwrap.wrap(secret, 28, break_on_hyphens=False)[0]
    assume(sum(map(str.isdigit, first[8:])) >= 4)
    beginning = max((each for each in BEGINNINGS if secret.startswith(each)), key=len)
    assume(re.fullmatch(r"[\w.=-]{8,}", first.removeprefix(beginning)))
    assert first not in Redactor().redact(f"it is {first}\n{secret[len(first) :]} here")


VENDORS = sorted({word for _, words, _, kind, _, _ in RULES if kind == "name" for word in words if word.isalpha()})
WORDS = st.sampled_from(
    ("web", "server", "nginx", "release", "install", "agent", "monitor", "update", "cluster", "backup")
)


def hexadecimal(length: int) -> st.SearchStrategy[str]:
    return SEEDS.map(lambda seed: "".join(random.Random(seed).choices("0123456789abcdef", k=length)))


INNOCENT = st.one_of(
    hexadecimal(40),  # the id of a commit
    hexadecimal(40).map(lambda text: text[:7]),
    hexadecimal(64).map(lambda text: f"sha256:{text}"),
    hexadecimal(64),
    hexadecimal(32),
    SEEDS.map(lambda seed: str(uuid.UUID(int=random.Random(seed).getrandbits(128)))),
    st.tuples(*[st.integers(0, 40)] * 3).map(lambda parts: "{}.{}.{}".format(*parts)),
    st.tuples(*[st.integers(0, 40)] * 3).map(lambda parts: "1:{}.{}.{}-2ubuntu0.22.04.1~bpo12+1".format(*parts)),
    st.integers(10**11, 10**12 - 1).map(lambda account: f"arn:aws:iam::{account}:role/pointsman-build-eu-central-1"),
    hexadecimal(17).map(lambda text: f"i-{text}"),
    st.lists(WORDS, min_size=2, max_size=5).map("-".join).map("{}.eu-central-1.compute.internal".format),
    st.lists(WORDS, min_size=2, max_size=6).map("/".join).map("/srv/{}/main.yml".format),
    st.lists(WORDS, min_size=2, max_size=6).map("_".join),
    st.lists(WORDS, min_size=2, max_size=6).map(" ".join),
)
INNOCENT_NAMES = (
    "version",
    "commit",
    "checksum",
    "image",
    "revision",
    "release",
    "id",
    "region",
    "host",
    "path",
    "url",
)


@settings(max_examples=400, deadline=None)
@given(value=INNOCENT, vendor=st.sampled_from(VENDORS), name=st.sampled_from(INNOCENT_NAMES), form=st.integers(0, 5))
def test_what_is_no_secret_stays_also_beside_the_name_of_a_vendor(
    value: str, vendor: str, name: str, form: int
) -> None:
    forms = (
        f"{vendor}_{name}: {value}",
        f"{vendor}_{name}={value}",
        f'"{vendor}": {{"{name}": "{value}"}}',
        f"+{vendor}:\n+  {name}: {value}\n",
        f"Installed {vendor} {value} on web-1",
        f"{vendor}, {value}",
    )
    assert Redactor().redact(forms[form], Strictness.MESSAGE) == forms[form]


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_the_rules_leave_base64_alone(seed: int) -> None:
    """A line of a certificate: what takes it for a key's body is a rule of our own, which looks at the whole line."""
    letters = string.ascii_letters + string.digits + "+/"
    line = "".join(random.Random(seed).choices(letters, k=64))
    assert Redactor().redact(f"the certificate MII{line} is valid") == f"the certificate MII{line} is valid"


@pytest.mark.parametrize(
    "text",
    [
        "npm_config_cache=/var/cache/npm",
        "npm_lifecycle_event: install",
        "hf_transformers_version: large",
        "pypi-mirror-of-the-office",
        "xoxb-is-the-beginning-of-a-token",
        "sk_live_is_the_beginning",
        "glpat-prefix-docs",
        "s.example-of-a-long-host-name.internal",
        "sourcegraph: image 9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
        "Use okta for single sign-on, not the local accounts",
        "sentry_release: 9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
        "heroku_app_id: 0b4ab0d3-2ba6-4a3e-a5a1-1f5b1a7c2d3e",
        "https://dl.fastly.example.com/builds/9f8e7d6c5b4a39281706f5e4d3c2b1a0.tar.gz",
    ],
)
def test_names_that_begin_like_a_token_stay(text: str) -> None:
    for strictness in Strictness:
        assert Redactor().redact(text, strictness) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("heroku_api_key: 0b4ab0d3-2ba6-4a3e-a5a1-1f5b1a7c2d3e", f"heroku_api_key: {MARKER}"),
        ("SENTRY_AUTH_TOKEN=" + "9f8e7d6c" * 8, f"SENTRY_AUTH_TOKEN={MARKER}"),
        ("mattermost: x7k2p9q4w8e1r5t6y3u0i2o7a4", f"mattermost: {MARKER}"),
        ("gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8longer", MARKER),
    ],
)
def test_a_name_that_says_so_makes_a_digest_a_secret(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted
