"""No secret leaves a build."""

import json
import string
from collections.abc import Callable

import pytest
from host_results import diffs, messages
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redaction import MARKER, Redactor, Strictness

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAA\n" * 5 + "-----END OPENSSH PRIVATE KEY-----"
VAULT = "$ANSIBLE_VAULT;1.1;AES256\n" + "3862653763366264\n" * 4

NAMES = (
    "password",
    "db_password",
    "PGPASSWORD",
    "passphrase",
    "redis.pass",
    "client_secret",
    "api_token",
    "api-key",
    "apiKey",
    "aws_secret_access_key",
    "private_key",
    "credentials",
    "Authorization",
)
# A secret as a generator makes it: at least a letter, a digit and eight characters.
SECRETS = st.builds(
    lambda letters, digits, rest: f"{letters}{digits}{rest}",
    st.text(string.ascii_letters, min_size=4, max_size=20),
    st.text(string.digits, min_size=2, max_size=6),
    st.text(string.ascii_letters + string.digits + "!#%&*+,-./:;<=>?@^_~|$(){}[]\"'`\\", min_size=2, max_size=30),
).filter(lambda secret: MARKER not in secret)  # hypothesis tries the texts of the code, too
# How files and programs write a setting; {n} is its name, {v} its value.
SETTINGS = (
    "{n}: {v}",
    "{n}={v}",
    "  {n} = {v}",
    "export {n}={v}",
    "{n} => {v}",
    "{n}:\n  {v}",
    "{n}: |\n  {v}\n  {v}",
    "{n}:\n- {v}\n- {v}",
    "{n}: >-\n    {v}\nnext: 1",
    "{n}: [\n  {v},\n  {v}\n]",
    "<{n}>{v}</{n}>",
    "<{n} kind='x'>\n{v}\n</{n}>",
    "{n} {v}",
    "{n}\t{v}",
    "set {n} {v}",
    "machine example.org login me {n} {v}",
    "# {n} = {v}",
    "user=me {n}={v} host=db",
    "tool --{n} {v} run",
    "tool --{n}={v} run",
    "postgres://me:{v}@db.internal:5432/app",
    "curl -u me:{v} https://example.org",
    "https://example.org/?{n}={v}&x=1",
    "{n}%3D{v}",
    "the {n} is {v}",
)


@settings(max_examples=400)
@given(name=st.sampled_from(NAMES), secret=SECRETS, setting=st.sampled_from(SETTINGS))
def test_a_secret_in_a_file_never_leaves_in_a_diff(name: str, secret: str, setting: str) -> None:
    after = "first line\n" + setting.format(n=name, v=secret) + "\nlast line\n"
    redacted = diffs.render({"before": "first line\n", "after": after}, Redactor()) or ""
    assert secret not in redacted
    assert MARKER in redacted


@settings(max_examples=300)
@given(name=st.sampled_from(NAMES), old=SECRETS, new=SECRETS, setting=st.sampled_from(SETTINGS))
def test_a_secret_that_changes_shows_neither_side(name: str, old: str, new: str, setting: str) -> None:
    sides = [setting.format(n=name, v=value) + "\n" for value in (old, new)]
    redacted = diffs.render({"before": sides[0], "after": sides[1]}, Redactor()) or ""
    assert old not in redacted
    assert new not in redacted


@settings(max_examples=300)
@given(
    name=st.sampled_from(NAMES),
    secret=SECRETS,
    dump=st.sampled_from([json.dumps, repr, lambda d: json.dumps(d, indent=2)]),
)
def test_a_secret_in_json_or_python_never_leaves(name: str, secret: str, dump: Callable[[object], str]) -> None:
    value = {"user": "me", name: secret, "more": {f"{name}_list": [secret, secret]}, "port": 1}
    for text in (dump(value), json.dumps(dump(value))):
        for strictness in Strictness:
            redacted = Redactor().redact(text, strictness)
            for written in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3]):
                assert written not in redacted


@settings(max_examples=300)
@given(name=st.sampled_from(NAMES), secret=SECRETS, message=st.sampled_from([s for s in SETTINGS if "\n" not in s]))
def test_a_secret_in_an_error_never_leaves_in_a_message(name: str, secret: str, message: str) -> None:
    result = {"failed": True, "msg": "it failed", "rc": 1, "stderr": message.format(n=name, v=secret)}
    assert secret not in (messages.render(result, "failed", Redactor()) or "")


@settings(max_examples=200)
@given(secret=SECRETS, noise=st.text(max_size=40))
@example(secret="AAAA000;", noise="")
def test_a_secret_known_by_its_variable_never_leaves_even_where_nothing_names_it(secret: str, noise: str) -> None:
    redactor = Redactor()
    redactor.learn_named({"app": {"db_password": secret, "nested": [1]}})
    assert secret.strip(",;\\") not in redactor.redact(f"login failed {noise} ({secret})", Strictness.TITLE)


@settings(max_examples=300)
@given(text=st.text(string.ascii_lowercase + " :=\"'\n[]{}|>-+\\", max_size=200), word=st.sampled_from(NAMES))
def test_redacting_twice_changes_nothing_more(text: str, word: str) -> None:
    for strictness in Strictness:
        once = Redactor().redact(text + word + text, strictness)
        assert Redactor().redact(once, strictness) == once


@given(text=st.text(max_size=300))
def test_any_text_can_be_redacted(text: str) -> None:
    for strictness in Strictness:
        assert isinstance(Redactor().redact(text, strictness), str)


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        KEY.replace("\n", "\\n"),
        KEY.replace("OPENSSH ", ""),
        VAULT,
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAY34FZKBOKMUTVV7A",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "$6$rounds=5000$usesomesillystri$D4IrlXatmP7rx3P3InaxBeoomnAihCKRVQAr",
        "Bearer abcdef123456",
    ],
)
def test_a_secret_is_known_by_its_shape_alone(secret: str) -> None:
    redacted = Redactor().redact(f"before\n{secret}\nafter", Strictness.TITLE)
    assert MARKER in redacted
    for word in set(secret.split()) - {"Bearer", "PRIVATE"}:
        assert word not in redacted
    assert redacted.startswith("before\n")


def test_the_end_of_a_key_in_a_diff_made_elsewhere_is_hidden_too() -> None:
    prepared = "@@ -9,3 +9,3 @@\n b3BlbnNzaC1rZXktdjEAAAAA\n-c2hvcnQ=\n+bG9uZw==\n -----END RSA PRIVATE KEY-----\n"
    redacted = diffs.render({"prepared": prepared}, Redactor()) or ""
    assert "b3Blbn" not in redacted
    assert "bG9uZw" not in redacted


def test_text_without_a_secret_is_kept() -> None:
    text = "listen 127.0.0.1:8080;\nserver_name web-1;\nnet.ipv4.tcp_syncookies = 1\nmotd: hello, compass users\n"
    assert Redactor().redact(text) == text


@pytest.mark.parametrize(
    "message",
    ["The password for web-1 has expired", "token file is missing", "Set the database password"],
)
def test_plain_sentences_about_secrets_are_kept(message: str) -> None:
    assert Redactor().redact(message, Strictness.MESSAGE) == message


def test_a_secret_met_once_is_hidden_afterwards() -> None:
    redactor = Redactor()
    redactor.redact("db_password: hunter2-and-more")
    assert redactor.redact("cannot log in with hunter2-and-more", Strictness.MESSAGE) == f"cannot log in with {MARKER}"


def test_a_word_of_a_variable_named_secret_does_not_hide_that_word_everywhere() -> None:
    redactor = Redactor()
    redactor.learn_named({"AWS_SECRET_ACCESS_KEY": "testing", "AWS_ACCESS_KEY_ID": "222222222222"})
    assert redactor.redact("testing 222222222222", Strictness.TITLE) == "testing 222222222222"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "b\n",
        "a",
        "://a:",
        "token ",
        "password:",
        'password="\\"',
        "-----BEGIN A PRIVATE KEY-----\n",
        "-----END A PRIVATE KEY-----\n",
        "$ANSIBLE_VAULT;1.1\n",
        "eyJ",
        "<token>",
        "pass[",
        "\\",
        "mysql ",
        "sshpass -p ",
        "curl -u a:",
        "docker login ",
        "echo a |",
        "passwd <<< ",
        "chpasswd <<EOF\na:b\n",
        'a: PSK "',
        "a_key=",
        "a:12:b:c:",
        "authorization: a b=c, ",
        "Authorization: Digest ",
        "cookie=a=b; ",
        "$password = ",
        "api key ",
        "%26password%3D",
        "password%22%3A%22",
        "$password[a] = ",
        "\\u0022password\\u0022:\\u0022",
        "ab/cd1/",
        "abcdef.0",
        "public key ",
        "arn:aws:secretsmanager:a:1:secret:",
        "ParameterKey=a,ParameterValue=b ",
    ],
)
def test_a_large_text_is_redacted_in_time(piece: str) -> None:
    """Twice the size of a file above which Ansible gives no diff; the time grows as the size does."""
    text = piece * (messages.MAX_SOURCE // len(piece))
    for strictness in Strictness:
        assert Redactor().redact(text, strictness)
