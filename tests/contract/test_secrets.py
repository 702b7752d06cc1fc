"""Reading secrets, from a real gRPC server that stands in for Secret Manager."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import secretmanager
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from choreo.errors import StageFailed, Unavailable
from choreo.gcp import secrets

NAME = "projects/demo/secrets/gemini/versions/latest"


class SecretServer:
    """Keeps one secret and counts how often it is read."""

    def __init__(self) -> None:
        self.data = b"the key\n"
        self.fault: grpc.StatusCode | None = None
        self.reads = 0
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "google.cloud.secretmanager.v1.SecretManagerService",
                    {
                        "AccessSecretVersion": grpc.unary_unary_rpc_method_handler(
                            self._access,
                            secretmanager.AccessSecretVersionRequest.deserialize,
                            secretmanager.AccessSecretVersionResponse.serialize,
                        )
                    },
                )
            ]
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()

    def _access(self, request, context) -> secretmanager.AccessSecretVersionResponse:
        self.reads += 1
        if self.fault is not None:
            context.abort(self.fault, "said the server")
        assert request.name == NAME
        return secretmanager.AccessSecretVersionResponse(payload={"data": self.data})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretServer]:
    started = SecretServer()
    monkeypatch.setattr(secrets, "_client", lambda: client_of(started.address))
    monkeypatch.setattr(secrets, "_RETRY", secrets._RETRY.with_timeout(0.3))
    secrets.read_secret.cache_clear()
    yield started
    secrets.read_secret.cache_clear()
    started.close()


def client_of(address: str) -> secretmanager.SecretManagerServiceClient:
    return secretmanager.SecretManagerServiceClient(
        transport=SecretManagerServiceGrpcTransport(
            channel=grpc.insecure_channel(address), credentials=AnonymousCredentials()
        )
    )


def test_a_secret_is_read_once_and_without_its_line_end(server):
    assert secrets.read_secret(NAME) == secrets.read_secret(NAME) == "the key"
    assert server.reads == 1


@pytest.mark.parametrize("fault", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED])
def test_a_refusal_names_the_secret_and_the_remedy(server, fault):
    server.fault = fault
    with pytest.raises(StageFailed, match=rf"{NAME}.*roles/secretmanager\.secretAccessor"):
        secrets.read_secret(NAME)


def test_a_fault_that_passes_is_unavailable_and_not_remembered(server):
    server.fault = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(Unavailable, match=NAME):
        secrets.read_secret(NAME)
    server.fault = None
    assert secrets.read_secret(NAME) == "the key"


def test_a_server_that_is_away_is_unavailable(server, monkeypatch):
    monkeypatch.setattr(secrets, "_client", lambda: client_of("127.0.0.1:9"))
    with pytest.raises(Unavailable, match=NAME):
        secrets.read_secret(NAME)


def test_bytes_that_are_no_text_are_refused_without_showing_them(server):
    server.data = b"\xff\xfe secret"
    with pytest.raises(StageFailed, match="UTF-8") as raised:
        secrets.read_secret(NAME)
    assert "secret\\" not in str(raised.value)
