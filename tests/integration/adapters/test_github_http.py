"""The client of GitHub's API: its requests, its deadlines, and the errors for each failure."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pointsman.adapters import github_http
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.core.routing.routing_input import Comparison
from pointsman.errors import Misconfigured, Unavailable
from tests.support.answering_server import Answer, Server, running

TOKEN = "github_pat_secret"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def ask(server: Server, path: str = "/x", seconds: float = 60.0) -> Any:
    return GithubHttp(server.url).ask("GET", path, TOKEN, Deadline(seconds))


@contextlib.contextmanager
def trickling(part: str, over: threading.Event) -> Iterator[str]:
    """A server whose answer takes minutes, without a pause that is as long as a call may last."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            begin = b"HTTP/1.1 200 OK\r\n" if part != "redirects" else b"HTTP/1.1 302 Found\r\nLocation: /x\r\n"
            connection.sendall(begin + (b"Content-Length: 100\r\n\r\n" if part == "body" else b""))
            for _ in range(4 if part == "redirects" else 2_000):
                if over.wait(0.1):
                    return
                connection.sendall(b" " if part == "body" else b"x: 1\r\n")
            connection.sendall(b"Content-Length: 0\r\n\r\n")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


# --- requests -------------------------------------------------------------------------------------------------------


def test_a_request_has_the_user_agent_the_token_and_the_api_version(server: Server) -> None:
    assert ask(server, "/repos/acme/infra/commits/1") == {}
    [(method, path, headers, body)] = server.calls
    assert (method, path, body) == ("GET", "/repos/acme/infra/commits/1", None)
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["user-agent"] == "pointsman"
    assert headers["x-github-api-version"] == github_http.API_VERSION


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer(401), Misconfigured, "GitHub's API rejects the token"),
        (Answer(403), Misconfigured, "GitHub's API denies access"),
        (
            Answer(403, headers={"x-ratelimit-remaining": "0"}),
            Unavailable,
            "is exceeded (403)",
        ),
        (Answer(403, headers={"retry-after": "60"}), Unavailable, "is exceeded (403)"),
        (Answer(429), Unavailable, "is exceeded (429)"),
        (Answer(429, headers={"retry-after": "60"}), Unavailable, "is exceeded (429)"),
        (Answer(413, headers={"retry-after": "60"}), Unavailable, "answered 413"),
        (Answer(503, headers={"retry-after": "60"}), Unavailable, "answered 503"),
        (Answer(404), Unavailable, "does not find the commit, or the token has no access to the repository (404)"),
        (Answer(422), Unavailable, "answered 422"),
        (Answer(500), Unavailable, "answered 500"),
        (Answer(200, b"<html>"), Unavailable, "did not answer with valid JSON"),
    ],
)
def test_each_failure_is_the_error_for_who_must_act_and_never_contains_the_token(
    server: Server, answer: Answer, error: type[Exception], message: str
) -> None:
    server.answers = [answer]
    with pytest.raises(error) as raised:
        ask(server)
    assert message in str(raised.value)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("status", [403, 413, 429, 503])
def test_an_answer_with_retry_after_is_not_retried(server: Server, status: int) -> None:
    server.answers = [Answer(status, headers={"retry-after": "60"})]
    with pytest.raises(Unavailable):
        ask(server)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_transient_failure_is_retried_once(server: Server, status: int) -> None:
    server.answers = [Answer(status), Answer(body={"ok": True})]
    assert ask(server) == {"ok": True}
    assert len(server.calls) == 2


def test_a_permanent_failure_is_not_retried(server: Server) -> None:
    server.answers = [Answer(404)]
    with pytest.raises(Unavailable):
        ask(server)
    assert len(server.calls) == 1


def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        GithubHttp("http://127.0.0.1:1").ask("GET", "/x", TOKEN, Deadline(60))


@pytest.mark.parametrize("body", [b"", b"{" + b" " * 100_000 + b"}"])
def test_a_silent_server_is_unavailable_at_the_deadline(server: Server, body: bytes) -> None:
    """Before the body, and in the middle of it."""
    hold = threading.Event()
    server.answers = [Answer(body=body or {}, hold=hold)]
    with pytest.raises(Unavailable, match="did not answer in time"):
        ask(server, seconds=0.3)
    hold.set()


@pytest.mark.parametrize("trickle", ["headers", "body", "redirects"])
def test_a_server_that_sends_a_byte_now_and_then_is_unavailable_at_the_deadline(trickle: str) -> None:
    """A socket's own time-out restarts with each byte, and with each redirect."""
    over = threading.Event()
    with trickling(trickle, over) as url:
        with pytest.raises(Unavailable, match="did not answer in time"):
            GithubHttp(url).ask("GET", "/x", TOKEN, Deadline(0.5))
        over.set()


def test_without_time_left_no_request_is_sent(server: Server) -> None:
    with pytest.raises(Unavailable, match="did not answer in time"):
        ask(server, seconds=0)
    assert server.calls == []


def test_an_answer_that_is_too_large_is_not_read_to_its_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_http, "MOST_BYTES", 1_000)
    server.answers = [Answer(body={"x": "y" * 2_000})]
    with pytest.raises(Unavailable, match="more than 1,000 bytes"):
        ask(server)


def test_the_redirect_of_a_renamed_repository_is_followed(server: Server) -> None:
    server.answers = [Answer(301, headers={"location": f"{server.url}/repositories/7/x"}), Answer(body={"ok": True})]
    assert ask(server) == {"ok": True}
    assert [path for _, path, _, _ in server.calls] == ["/x", "/repositories/7/x"]
    assert server.calls[1][2]["authorization"] == f"Bearer {TOKEN}"


def test_a_redirect_to_another_host_does_not_get_the_token(server: Server) -> None:
    with running() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        server.answers = [Answer(302, headers={"location": f"{elsewhere}/x"})]
        ask(server)
        assert "authorization" not in other.calls[0][2]


def test_an_answer_in_another_format_is_unavailable(server: Server) -> None:
    files = GithubChangedFiles(GithubHttp(server.url), GithubToken(lambda: TOKEN, GithubHttp(server.url)))
    bodies: list[Any] = [{}, [], {"tree": [{}], "truncated": False}]
    for body in bodies:
        server.answers = [Answer(body=body)]
        with pytest.raises(Unavailable, match="in an unknown format"):
            files.changed_files(Comparison("acme/infra", "1" * 40, "2" * 40, "trees", 7), 5)


# --- tokens ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app_secret(key: rsa.RSAPrivateKey, **changes: Any) -> str:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return json.dumps({"app_id": 12, "installation_id": 34, "private_key": pem} | changes)


def tokens(server: Server, secret: str, clock: Callable[[], float] = time.time) -> GithubToken:
    return GithubToken(lambda: secret, GithubHttp(server.url), clock)


def issued(token: str = "ghs_1", at: str = "2026-11-23T13:00:00Z") -> Answer:
    return Answer(201, {"token": token, "expires_at": at})


NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z


def test_a_fine_grained_token_is_used_unchanged(server: Server) -> None:
    assert tokens(server, TOKEN).get(7, Deadline(60)) == TOKEN
    assert server.calls == []


def test_an_app_gets_a_token_for_one_repository_to_read_contents(server: Server, key: rsa.RSAPrivateKey) -> None:
    server.answers = [issued()]
    assert tokens(server, app_secret(key), lambda: NOON).get(7, Deadline(60)) == "ghs_1"
    [(method, path, headers, body)] = server.calls
    assert (method, path) == ("POST", "/app/installations/34/access_tokens")
    assert body == {"repository_ids": [7], "permissions": {"contents": "read"}}
    claims = jwt.decode(
        headers["authorization"].removeprefix("Bearer "),
        key.public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {"iss": "12", "iat": NOON - 60, "exp": NOON + 480}


def test_a_secret_may_have_what_a_newer_command_stored(server: Server, key: rsa.RSAPrivateKey) -> None:
    server.answers = [issued()]
    assert tokens(server, app_secret(key, slug="pointsman-acme"), lambda: NOON).get(7, Deadline(60)) == "ghs_1"


def test_a_token_is_cached_for_its_repository_until_shortly_before_it_expires(
    server: Server, key: rsa.RSAPrivateKey
) -> None:
    now = [NOON]
    cached = tokens(server, app_secret(key), lambda: now[0])
    server.answers = [issued("ghs_1"), issued("ghs_2"), issued("ghs_3", "2026-11-23T14:00:00Z")]
    assert [cached.get(7, Deadline(60)) for _ in range(2)] == ["ghs_1", "ghs_1"]
    assert cached.get(8, Deadline(60)) == "ghs_2"
    now[0] += 59 * 60
    assert cached.get(7, Deadline(60)) == "ghs_3"


def test_a_revoked_token_is_not_cached(server: Server, key: rsa.RSAPrivateKey) -> None:
    files = GithubChangedFiles(GithubHttp(server.url), tokens(server, app_secret(key), lambda: NOON))
    comparison = Comparison("acme/infra", None, "2" * 40, "fork", 7)
    server.answers = [issued("ghs_1"), Answer(401), issued("ghs_2"), Answer(body={"tree": [], "truncated": False})]
    with pytest.raises(Misconfigured):
        files.changed_files(comparison, 5)
    assert files.changed_files(comparison, 5) == ()
    assert server.calls[-1][2]["authorization"] == "Bearer ghs_2"


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("{", "must be a fine-grained token, or"),
        ('{"app_id": 1}', "must be a fine-grained token, or"),
        ("two words", "must be a fine-grained token, or"),
        (json.dumps({"app_id": 1, "installation_id": 2, "private_key": "no key"}), "is not an RSA key in PEM"),
    ],
)
def test_an_invalid_secret_is_reported_without_its_text(server: Server, secret: str, message: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        tokens(server, secret).get(7, Deadline(60))
    assert message in str(raised.value)
    assert "no key" not in str(raised.value)


@pytest.mark.parametrize("status", [404, 422])
def test_an_installation_that_does_not_exist_is_misconfigured(
    server: Server, key: rsa.RSAPrivateKey, status: int
) -> None:
    server.answers = [Answer(status)]
    with pytest.raises(Misconfigured, match="finds no installation of the App"):
        tokens(server, app_secret(key)).get(7, Deadline(60))


def test_an_app_that_gets_no_token_is_unavailable(server: Server, key: rsa.RSAPrivateKey) -> None:
    server.answers = [Answer(201, {"message": "?"})]
    with pytest.raises(Unavailable, match="did not return a token"):
        tokens(server, app_secret(key)).get(7, Deadline(60))
