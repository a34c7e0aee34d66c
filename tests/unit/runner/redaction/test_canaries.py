"""No canary leaves, in any form that files and programs have, and innocent lines stay as they are."""

import base64
import string
from collections.abc import Callable

import pytest
from host_results import diffs, messages
from hypothesis import given
from hypothesis import strategies as st
from redaction import MARKER, Redactor, Strictness, redact_shapes
from redaction.values import Values

from tests.support.canaries import HEADERS, INNOCENT, MORE_SECRETS, SECRETS, H, P

MOST_CHANGED = 0.02
PRINTED = string.ascii_letters + string.digits + string.punctuation


def test_no_named_form_leaks() -> None:
    leaked = [text for text, secret in SECRETS if secret in Redactor().redact(text)]
    assert len(SECRETS) >= 600
    assert leaked == []


def test_no_named_form_leaks_in_a_diff_beside_other_lines() -> None:
    leaked = []
    for text, secret in SECRETS:
        redacted = diffs.render({"before": "first: 1\n", "after": f"first: 1\n{text}\nlast: 2\n"}, Redactor())
        if secret in (redacted or ""):
            leaked.append(text)
    assert leaked == []


@pytest.mark.parametrize(("text", "secret"), HEADERS)
def test_no_header_leaks_however_strictly_a_text_is_read(text: str, secret: str) -> None:
    for strictness in Strictness:
        once = Redactor().redact(text, strictness)
        assert secret not in once
        assert Redactor().redact(once, strictness) == once


@pytest.mark.parametrize(("text", "secret"), HEADERS)
def test_no_header_of_a_failed_task_leaks(text: str, secret: str) -> None:
    result = {"failed": True, "rc": 22, "msg": "non-zero return code", "stderr": f"* Connected\n{text}\n< HTTP/1.1 403"}
    shown = messages.render(result, "failed", Redactor()) or ""
    assert secret not in shown
    assert "HTTP/1.1 403" in shown


@pytest.mark.parametrize(
    "scheme", ["Token ", "ApiKey ", "Splunk ", "GenieKey ", "Bot ", "SSWS ", 'Digest username="bob", response=']
)
def test_a_header_is_known_without_its_lines_too(scheme: str) -> None:
    text = f"it sent Authorization: {scheme}{H} to web-1"
    assert redact_shapes(text) == text.replace(H, MARKER)
    assert redact_shapes(redact_shapes(text)) == redact_shapes(text)


@pytest.mark.parametrize("text", [f"> Authorization: Token {P}", f"headers: {{'Authorization': 'Token {P}'}}"])
def test_the_credential_of_a_header_is_hidden_afterwards(text: str) -> None:
    redactor = Redactor()
    redactor.redact(text, Strictness.MESSAGE)
    assert redactor.redact(f"{P} is expired", Strictness.MESSAGE) == f"{MARKER} is expired"


@pytest.mark.parametrize(
    "title",
    [
        "Fix authorization: Handle Missing headers",
        "authorization: denied user=bob, group=web",
        "authorization: token validation",
        "authorization: basic documentation",
        "Fix authorization: bearer handling in proxy",
        "Cookie: a; b",
    ],
)
def test_a_title_about_a_header_stays(title: str) -> None:
    assert Redactor().redact(title, Strictness.TITLE) == title
    assert redact_shapes(title) == title


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("authorization: user bob is not permitted", f"authorization: {MARKER} bob is not permitted"),
        ("Authorization: SSWS sunshine was refused", f"Authorization: {MARKER} was refused"),
        ('-H "Authorization: Token sunshine" https://x', f'-H "Authorization: {MARKER}" https://x'),
        ("Authorization: Basic auth is off", "Authorization: Basic auth is off"),
    ],
)
def test_of_a_message_with_a_header_no_more_than_its_value_is_hidden(text: str, redacted: str) -> None:
    assert Redactor().redact(text, Strictness.MESSAGE) == redacted


def test_innocent_lines_stay_as_they_are() -> None:
    changed = [line for line in INNOCENT if Redactor().redact(line) != line]
    assert len(INNOCENT) >= 500
    assert len(changed) <= MOST_CHANGED * len(INNOCENT), changed


def test_innocent_lines_of_one_file_stay_as_they_are() -> None:
    text = "\n".join(INNOCENT)
    redacted = Redactor().redact(text)
    assert redacted.count(MARKER) <= MOST_CHANGED * len(INNOCENT)


@pytest.mark.parametrize("strictness", [Strictness.MESSAGE, Strictness.TITLE])
def test_sentences_about_secrets_are_kept(strictness: Strictness) -> None:
    speech = [line for line in INNOCENT if line[:1].isupper() and len(line.split()) > 3 and not set(line) & set("=:;/")]
    assert len(speech) >= 10
    assert [line for line in speech if Redactor().redact(line, strictness) != line] == []


@pytest.mark.parametrize(("text", "secret"), SECRETS[:120])
def test_redacting_a_form_twice_changes_nothing_more(text: str, secret: str) -> None:
    for strictness in Strictness:
        once = Redactor().redact(text, strictness)
        assert Redactor().redact(once, strictness) == once


@pytest.mark.parametrize("strictness", list(Strictness))
def test_redacting_commands_and_directives_twice_changes_nothing_more(strictness: Strictness) -> None:
    for text, _ in MORE_SECRETS:
        once = Redactor().redact(text, strictness)
        assert Redactor().redact(once, strictness) == once


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("sshpass -p sunshine ssh h", f"sshpass -p {MARKER} ssh h"),
        ("curl -u bob:sunshine https://x", f"curl -u bob:{MARKER} https://x"),
        ("echo 'root:sunshine' | chpasswd", f"echo 'root:{MARKER}' | chpasswd"),
        (': PSK "sunshine"', f': PSK "{MARKER}"'),
        ("Server=db;Uid=sa;Pwd=sunshine;", f"Server=db;Uid=sa;Pwd={MARKER};"),
        ("pwd = sunshine", "pwd = sunshine"),
        ("menu_key: sunshine", "menu_key: sunshine"),
        ("vault login flow", "vault login flow"),
    ],
)
def test_a_plain_word_is_hidden_only_where_nothing_but_a_secret_can_stand(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


DEBIAN_DB_PHP = """<?php
##
## database access settings in php format
##
$dbuser='roundcube';
$dbpass='{}';
$basepath='';
$dbname='roundcube';
$dbserver='localhost';
$dbport='3306';
$dbtype='mysql';
"""


def test_a_password_that_debian_wrote_for_php_shows_neither_side() -> None:
    sides = {"before": DEBIAN_DB_PHP.format(P), "after": DEBIAN_DB_PHP.format("Xk9vQ2mZp7RtW4bN")}
    shown = messages.render_diffs({"changed": True, "diff": sides}, Redactor()) or ""
    assert [line for line in shown.splitlines() if "dbpass" in line] == [
        f"-$dbpass='{MARKER}';",
        f"+$dbpass='{MARKER}';",
    ]
    assert "$dbname='roundcube'" in shown


def test_only_the_value_beside_a_secrets_name_is_hidden() -> None:
    text = "ParameterKey=A,ParameterValue=prod ParameterKey=DbPassword,ParameterValue={} ParameterKey=B,ParameterValue="
    assert Redactor().redact(text.format(P), Strictness.MESSAGE) == text.format(MARKER)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("user=app\npassword=OldPass-1234\nport=1\n", "user=app\npassword=NewPass-5678\nport=2\n", "password"),
        ("token: aaaaBBBB1111\n", "token: ccccDDDD2222\n", "token"),
    ],
)
def test_a_masked_value_that_changed_still_shows_as_changed(before: str, after: str, expected: str) -> None:
    redacted = diffs.render({"before": before, "after": after}, Redactor()) or ""
    assert [line[0] for line in redacted.splitlines() if f"{expected}" in line] == ["-", "+"]
    assert redacted.count(MARKER) == 2


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("Zq4/tn7+Lm2xKd9", "WnE0L3RuNytMbTJ4S2Q5"),
        ("Zq4/tn7+Lm2xKd9", "Zq4%2Ftn7%2BLm2xKd9"),
        ('say "Zq4" tn7', 'say \\"Zq4\\" tn7'),
        ("Zq4/tn7+Lm2xKd9", "Zq4%2ftn7%2bLm2xKd9"),
        ("Zq4/tn7+Lm2xKd9", "Zq4\\/tn7+Lm2xKd9"),
        ("a<b>&c-123456", "a&lt;b&gt;&amp;c-123456"),
        ("a<b>&c-123456", "a\\u003cb\\u003e\\u0026c-123456"),
        ("a<b>'c-123456", "a\\u003cb\\u003e\\u0027c-123456"),
    ],
)
def test_a_learnt_value_is_found_however_it_is_written(text: str, encoded: str) -> None:
    redactor = Redactor()
    redactor.learn_secret(text)
    assert redactor.redact(f"before {encoded} after", Strictness.TITLE) == f"before {MARKER} after"


@pytest.mark.parametrize("secret", ["Tr0ub4dor3", "sunshine", "x9-Zq4", "Zq4tn7Lm2xKd9"])
@pytest.mark.parametrize(
    "text",
    [
        "value:\\n{}\\nnext",
        "a\\t{}\\tb",
        "a\\\\n{}\\\\nb",
        "a\\0{}",
        "a\\040{}\\040b",
        "a\\x27{}\\x27",
        "a\\u0022{}\\u0022",
        "a\\U0001f511{}",
        "dsn=postgres%3A%2F%2Fbob%3A{}%40db%2Fapp",
        "password%3D{}%26x%3d1",
        "password%253D{}%2526x",
        "\x1b[0;31m{}\x1b[0m",
        "\\u001b[31m{}\\u001b[0m",
        "\\x1b[1m{}",
        "\\033[1m{}",
    ],
)
def test_a_learnt_value_is_found_behind_an_escape(text: str, secret: str) -> None:
    redactor = Redactor()
    redactor.learn_secret(secret)
    for strictness in Strictness:
        assert secret not in redactor.redact(text.format(secret), strictness)


@given(
    st.text(PRINTED, min_size=8, max_size=40),
    st.text(PRINTED, max_size=9),
    st.text(PRINTED, max_size=9),
    st.sampled_from((base64.b64encode, base64.urlsafe_b64encode)),
)
def test_a_learnt_value_is_found_in_base64_of_a_text_with_it(
    secret: str, before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    values = Values()
    values.add(secret)
    encoded = encode(f"{before}{secret}{after}".encode()).decode()
    hidden = values.replace(f"it is {encoded} here", MARKER)
    assert MARKER in hidden
    # What is left has the characters that the value shares with its neighbours.
    assert len(hidden) - len(f"it is {MARKER} here") <= (len(before) + len(after)) * 4 / 3 + 8


def test_the_base64_of_basic_authentication_is_found_for_a_short_password() -> None:
    redactor = Redactor()
    redactor.learn_secret("Tr0ub4dor3")
    for user in ("bob", "root", "admin"):
        encoded = base64.b64encode(f"{user}:Tr0ub4dor3".encode()).decode()
        assert MARKER in redactor.redact(f"sent {encoded} to web-1", Strictness.MESSAGE)


def test_base64_that_only_begins_like_a_short_word_stays() -> None:
    redactor = Redactor()
    redactor.learn_secret("hunter")
    text = f"sent {base64.b64encode(b'x hunters y').decode()} to web-1"
    assert redactor.redact(text, Strictness.MESSAGE) == text


@pytest.mark.parametrize(
    "text",
    [
        "http_proxy_password: {}",
        "proxy_pass: {}",
        "pwd={}",
        "Server=db;UID=sa;PWD={}",
        "stripe_key: {}",
        "MAPS_KEY={} app",
        "api_keys:\n  stripe: {}",
        "api_keys:\n  My Key: {}",
    ],
)
def test_a_value_that_looks_drawn_decides_where_its_name_is_in_doubt(text: str) -> None:
    assert MARKER in Redactor().redact(text.format("Zq4tn7Lm2xKd9Wp"))
    assert "Zq4tn7Lm2xKd9Wp" not in Redactor().redact(text.format("Zq4tn7Lm2xKd9Wp"))


@pytest.mark.parametrize(
    "text", ["proxy_pass: app-servers", "pwd=build-2.1/x", "cache_key: Ab3de5Gh7jK9mN1", "menu_key: file2"]
)
def test_what_looks_like_a_name_stays_where_its_name_is_in_doubt(text: str) -> None:
    assert Redactor().redact(text) == text


def test_a_key_is_learnt_from_a_variable_whose_value_tells() -> None:
    redactor = Redactor()
    redactor.learn_named({"stripe_key": "Zq4tn7Lm2xKd9Wp", "cache_key": "Ab3de5Gh7jK9mN1"})
    redacted = redactor.redact("it is Zq4tn7Lm2xKd9Wp, not Ab3de5Gh7jK9mN1", Strictness.TITLE)
    assert redacted == f"it is {MARKER}, not Ab3de5Gh7jK9mN1"


def test_every_value_is_learnt_however_many_there_are() -> None:
    redactor = Redactor()
    values = [f"Value-{number:05d}-x" for number in range(5_000)]
    for value in values:
        redactor.learn_secret(value)
    redacted = redactor.redact("\n".join(values), Strictness.TITLE)
    assert set(redacted.split("\n")) == {MARKER}


@pytest.mark.parametrize("value", ["true", "no", "3600", "/etc/app/password", "none", "ab"])
def test_switches_small_numbers_and_paths_are_not_learnt(value: str) -> None:
    redactor = Redactor()
    redactor.learn_secret(value)
    assert redactor.redact(f"it is {value} now", Strictness.TITLE) == f"it is {value} now"


@pytest.mark.parametrize("value", ["sunshine", "123456", "hunter"])
def test_a_plain_word_that_is_known_to_be_a_secret_is_hidden_where_it_stands_alone(value: str) -> None:
    redactor = Redactor()
    redactor.learn_secret(value)
    redacted = redactor.redact(f"it is {value}, not x{value}y", Strictness.TITLE)
    assert redacted == f"it is {MARKER}, not x{value}y"
