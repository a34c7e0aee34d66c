"""A server whose certificate a private authority has signed: its certificate is read from S3, and alone trusted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bench.functions.certificates import Authority
from pointsman.adapters.certificates_s3 import certificates_in
from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.errors import Misconfigured
from tests.support.http_server import Reply, serving

BUCKET, KEY = "acme-certificates", "github/ca.pem"
ARN = f"arn:aws:s3:::{BUCKET}/{KEY}"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def pem(authority: Authority, directory: Path) -> str:
    authority.system_list(directory / "list.pem")
    return (directory / "list.pem").read_text()


def test_the_certificates_are_read_by_the_objects_arn(s3: Any, tmp_path: Path) -> None:
    text = pem(Authority(tmp_path), tmp_path)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=text.encode())
    assert certificates_in(ARN) == text


@pytest.mark.parametrize("content", [None, b"", b"\x30\x82\x03\x55 DER", b"-----BEGIN PRIVATE KEY-----"])
def test_an_object_without_a_certificate_is_misconfigured(s3: Any, content: bytes | None) -> None:
    if content is not None:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    with pytest.raises(Misconfigured, match=ARN):
        certificates_in(ARN)


def test_the_api_is_asked_with_them_and_not_without(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(lambda _: Reply(200, b'{"ok": true}'), authority.context()) as url:
        trusted = GithubHttp(url, pem(authority, tmp_path))
        assert trusted.ask("GET", "/meta", "token", Deadline(60)) == {"ok": True}
        with pytest.raises(Misconfigured, match="not trusted: if a private authority signed it, set Github"):
            GithubHttp(url).ask("GET", "/meta", "token", Deadline(60))
