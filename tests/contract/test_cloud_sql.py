"""The Cloud SQL connector, end to end: Admin API, certificates, TLS 1.3, IAM login, pool."""

import contextlib
import datetime
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.auth.credentials import Credentials
from machine import new_postgres_database
from samples import a_request
from sqlalchemy import text
from sqlalchemy.engine import make_url

from choreo.database.engine import engine_for
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable
from choreo.gcp.cloud_sql import connector_engine
from choreo.settings import Role, Settings

INSTANCE = "demo:here:choreo"
PROXY_PORT = 3307
"""The connector's own, and not to be changed."""

IAM_USER = "choreo-job@demo.iam"


class Account(Credentials):
    """A service account whose token never needs the network."""

    def refresh(self, request: object) -> None:
        self.token = "token"
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        self.expiry = later.replace(tzinfo=None)  # google-auth wants it without a zone


class Authority:
    """Signs the instance's own certificate and those of its clients."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self.sign(self._key.public_key(), "authority", authority=True)

    def sign(self, key: object, name: str, authority: bool = False) -> str:
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """Return a context that shows the instance's certificate and demands the client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "cert.pem").write_text(self.sign(key.public_key(), "instance"))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        context.load_verify_locations(cadata=self.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class AdminApi:
    """The two calls of the Cloud SQL Admin API that the connector makes."""

    def __init__(self, authority: Authority) -> None:
        self.calls: list[str] = []
        self.status = 200
        self.region = "here"
        self.address_type = "PRIVATE"
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(
                    {
                        "region": api.region,
                        "ipAddresses": [{"type": api.address_type, "ipAddress": "127.0.0.1"}],
                        "serverCaCert": {"cert": authority.certificate},
                        "databaseVersion": "POSTGRES_17",
                    }
                )

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = serialization.load_pem_public_key(asked["public_key"].encode())
                self.answer({"ephemeralCert": {"cert": authority.sign(key, "client")}})

            def answer(self, document: dict) -> None:
                api.calls.append(self.path.rsplit("/", 1)[1])
                if api.status != 200:
                    document = {"error": {"message": "the Admin API refuses"}}
                data = json.dumps(document).encode()
                self.send_response(api.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Proxy:
    """The instance's TLS door in front of a PostgreSQL server."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context, self._port = context, port
        self._listener = socket.create_server(("127.0.0.1", PROXY_PORT))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self._port)) as server,
        ):
            while True:
                ready = [client] if client.pending() else select.select([client, server], [], [])[0]
                for source in ready:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (server if source is client else client).sendall(data)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def admin(authority: Authority) -> Iterator[AdminApi]:
    api = AdminApi(authority)
    yield api
    api.close()


@pytest.fixture
def database_name(
    postgres_server: str, postgres_template: str, authority: Authority, tmp_path: Path
) -> Iterator[str]:
    """The name of a database behind the instance's door, which the IAM user may use."""
    url = make_url(new_postgres_database(postgres_server, postgres_template))
    engine = engine_for(str(url))
    with engine.begin() as connection:
        connection.execute(text(f'DROP ROLE IF EXISTS "{IAM_USER}"'))
        connection.execute(text(f'CREATE ROLE "{IAM_USER}" LOGIN SUPERUSER'))
    engine.dispose()
    try:
        proxy = Proxy(authority.server_context(tmp_path), url.port)
    except OSError as exc:
        pytest.skip(f"the connector's port {PROXY_PORT} is taken: {exc}")
    yield url.database
    proxy.close()


def settings_for(database: str = "choreo", **variables: str) -> Settings:
    environment = {
        "CLOUD_SQL_INSTANCE": INSTANCE,
        "DB_NAME": database,
        "DB_USER": IAM_USER,
        "TASK_ID": "task-1",
        **variables,
    }
    return Settings.from_env(environment, Role.JOB)


def test_the_task_store_works_through_the_connector_with_an_iam_login(database_name, admin):
    engine = connector_engine(settings_for(database_name), 2, Account(), admin.url)
    tasks = SqlTasks(engine)
    task = tasks.create(a_request())
    assert tasks.get(task.id) == task
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_user")).scalar() == IAM_USER
    # Both are asked for at once.
    assert set(admin.calls) == {"connectSettings", "choreo:generateEphemeralCert"}
    assert len(admin.calls) == 2
    engine.dispose()
    assert not [thread for thread in threading.enumerate() if "run_forever" in thread.name]
    assert tasks.get(task.id) == task  # a disposed engine connects anew
    engine.dispose()


def test_nothing_is_connected_before_the_first_use(admin):
    connector_engine(settings_for(), 2, Account(), admin.url)
    assert admin.calls == []


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("status", 403), ("status", 404), ("region", "elsewhere"), ("address_type", "PRIMARY")],
)
def test_an_instance_that_cannot_be_reached_is_named_with_the_remedy(admin, attribute, value):
    setattr(admin, attribute, value)
    engine = connector_engine(settings_for(), 2, Account(), admin.url)
    with pytest.raises(Unavailable, match=rf"{INSTANCE}.*roles/cloudsql\.client"):
        SqlTasks(engine).ping()
    engine.dispose()


def test_an_admin_api_that_is_away_is_unavailable():
    engine = connector_engine(settings_for(), 2, Account(), "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=INSTANCE):
        SqlTasks(engine).ping()
    engine.dispose()
