"""A Secrets Manager and an SSM Parameter Store over HTTP, for builds that run without a cloud."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Answer = tuple[int, dict[str, Any]]


class FakeSecrets:
    """Keeps secrets and parameters by name, and which of them were read."""

    def __init__(self, secrets: dict[str, str], parameters: dict[str, str] | None = None) -> None:
        self._secrets, self._parameters = secrets, parameters or {}
        self.environ: dict[str, str] = {}

    def answer(self, operation: str, request: dict[str, Any]) -> Answer:
        """As the service answers."""
        is_secret = operation == "secretsmanager.GetSecretValue"
        name = str(request["SecretId"] if is_secret else request["Name"])
        value = (self._secrets if is_secret else self._parameters).get(name)
        if value is None:
            return 400, {"__type": "ResourceNotFoundException" if is_secret else "ParameterNotFound"}
        return 200, {"Name": name, "SecretString": value} if is_secret else {
            "Parameter": {"Name": name, "Value": value}
        }

    def __enter__(self) -> "FakeSecrets":
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = fake.answer(self.headers["X-Amz-Target"], request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.environ = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": url, "AWS_ENDPOINT_URL_SSM": url}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
