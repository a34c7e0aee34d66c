"""The signature is botocore's for the same request."""

from datetime import UTC, datetime
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.aws_signature import Credentials, signed_headers

# What a header can hold: http.client sends Latin-1, AWS reads ASCII.
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
NAMES = st.from_regex(r"X-Amz-[A-Za-z0-9-]{1,20}", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z0-9/+=_-]{1,60}", fullmatch=True)
HOSTS = st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,4}(:[1-9][0-9]{0,3})?", fullmatch=True)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def by_botocore(
    headers: dict[str, str], body: bytes, credentials: Credentials, region: str, service: str, now: datetime
) -> dict[str, str]:
    request = AWSRequest("POST", f"https://{headers['Host']}/", headers, body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4Auth(BotocoreCredentials(*credentials), service, region).add_auth(request)
    return dict(request.headers.items())


@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=5).filter(
        lambda given: (
            len({name.lower() for name in given}) == len(given)
            and not {name.lower() for name in given} & {"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
        )
    ),
    host=HOSTS,
    body=st.binary(max_size=2_000),
    credentials=st.builds(Credentials, WORDS, st.text(min_size=1, max_size=60), st.none() | WORDS),
    region=WORDS,
    service=WORDS,
    now=TIMES,
)
def test_it_equals_botocores(
    headers: dict[str, str],
    host: str,
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
) -> None:
    headers |= {"Host": host, "Content-Type": "application/x-amz-json-1.0"}
    ours = signed_headers(headers, body, credentials, region, service, now.timestamp())
    assert ours == by_botocore(headers, body, credentials, region, service, now)


def test_a_secret_key_is_not_shown() -> None:
    assert repr(Credentials("AKIA", "hidden", "hidden too")) == "Credentials('AKIA')"
