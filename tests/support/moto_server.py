"""moto over HTTP, for a client that is not botocore. It is in this process and has the state that mock_aws resets."""

from functools import cache

import pytest
from moto.server import ThreadedMotoServer

HTTP_SERVICES = ("SQS", "SECRETS_MANAGER")


@cache
def moto_url() -> str:
    """The server's URL; it is started once and ends with this process."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def call_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have SQS and Secrets Manager answered by moto's server."""
    for service in HTTP_SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", moto_url())
