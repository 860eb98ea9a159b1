"""Every way to prove who we are, against a real broker that asks for it."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from sandbox.kafka_server import KafkaServer, create_topics, free_port
from service.bootstrap import parts
from service.intake.connection import Connection, Sasl, Tls
from service.intake.producer import Producer, Unsent
from service.intake.tokens import ClientCredentials, TokenFile
from service.settings import KafkaSettings
from tests.intake.harness import Works, make_intake, running, settings_for, until

pytestmark = pytest.mark.kafka
LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Secured:
    """Addresses of one broker with three doors, and the files that open the third."""

    plain: str
    sasl: str
    tls: str
    files: Path


def openssl(*words: str, cwd: Path) -> None:
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def certificates(folder: Path) -> None:
    """Make an authority, and a certificate each for the broker and for us."""
    authority = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority"]
    openssl("req", *authority, "-keyout", "ca.key", "-out", "ca.pem", cwd=folder)
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    for name in ("broker", "client"):
        request = ["-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
        openssl("req", *request, "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=folder)
        signing = ["-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        openssl("x509", *signing, "-extfile", "names", "-out", f"{name}.pem", cwd=folder)
    (folder / "broker.both").write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())


@pytest.fixture(scope="module")
def secured(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("a given broker is not ours to configure")
    del kafka  # where that one runs, this one can
    folder = tmp_path_factory.mktemp("secured")
    certificates(folder)
    port, sasl, tls, controller = (free_port() for _ in range(4))
    listener = "listener.name.sasl"
    server = KafkaServer(
        data=folder / "kafka",
        port=port,
        scram=(("SCRAM-SHA-256", "alice", "secret-256"), ("SCRAM-SHA-512", "alice", "secret-512")),
        extra={
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl},SSL://localhost:{tls},"
            f"CONTROLLER://127.0.0.1:{controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            f"{listener}.plain.sasl.jaas.config": f'{LOGIN}.plain.PlainLoginModule required user_bob="secret";',
            f"{listener}.scram-sha-256.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
            f"{listener}.oauthbearer.sasl.jaas.config": f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required "
            'unsecuredLoginStringClaim_sub="broker";',
            "ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "broker.both"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca.pem"),
        },
    )
    try:
        server.start()
        asyncio.run(create_topics(server.bootstrap, {"orders": 1}))
        yield Secured(server.bootstrap, f"127.0.0.1:{sasl}", f"localhost:{tls}", folder)
    finally:
        server.kill()


def token() -> str:
    """An unsigned token, which the broker of the tests takes."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": "orderferry", "iat": now, "exp": now + 3600})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@contextmanager
def login_server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server that gives tokens for client credentials, and its log."""
    asked: list[tuple[str, str]] = []

    class Login(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append((self.headers["Authorization"], form))
            body = json.dumps({"access_token": token(), "token_type": "Bearer", "expires_in": 3600}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  named by the library
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Login)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def there_and_back(connection: Connection) -> None:
    """Send a record and read it, both over this connection."""
    producer = Producer(connection)
    try:
        await producer.send("orders", key=b"a", value=b"paid")
    finally:
        await producer.close()
    works = Works()
    async with running(make_intake(settings_for("", "orders", connection=connection), works)):
        await until(lambda: b"paid" in works.values["a"], seconds=20)


@pytest.mark.parametrize(
    "sasl",
    [
        Sasl("PLAIN", "bob", "secret"),
        Sasl("SCRAM-SHA-256", "alice", "secret-256"),
        Sasl("SCRAM-SHA-512", "alice", "secret-512"),
    ],
    ids=lambda sasl: sasl.mechanism,
)
async def test_a_user_with_a_password_is_let_in(secured: Secured, sasl: Sasl) -> None:
    await there_and_back(Connection(secured.sasl, sasl=sasl, allow_plain_text_secrets=True))


async def test_the_setting_for_a_trusted_network_reaches_the_connection(secured: Secured) -> None:
    given = KafkaSettings(
        bootstrap_servers=secured.sasl,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="bob",
        sasl_password=SecretStr("secret"),
        sasl_allow_plain_text=True,
    )
    assert parts.connection(given).problems() == []
    refused = given.model_copy(update={"sasl_allow_plain_text": False})
    (problem,) = parts.connection(refused).problems()
    assert "set kafka.sasl_allow_plain_text" in problem
    await there_and_back(parts.connection(given))


async def test_a_wrong_password_is_not_let_in(secured: Secured) -> None:
    sasl = Sasl("SCRAM-SHA-256", "alice", "wrong")
    producer = Producer(Connection(secured.sasl, sasl=sasl), timeout_s=5)
    with pytest.raises(Unsent):
        await producer.send("orders", key=None, value=b"")
    await producer.close()


async def test_a_token_from_a_file_is_let_in(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token())
    sasl = Sasl("OAUTHBEARER", tokens=TokenFile(str(tmp_path / "token")))
    await there_and_back(Connection(secured.sasl, sasl=sasl, allow_plain_text_secrets=True))


async def test_a_token_for_client_credentials_is_let_in_and_asked_for_once(secured: Secured) -> None:
    with login_server() as (url, asked):
        credentials = ClientCredentials(url, "ferry:1", "hush", scope="kafka")
        connection = Connection(
            secured.sasl, sasl=Sasl("OAUTHBEARER", tokens=credentials), allow_plain_text_secrets=True
        )
        producer = Producer(connection)
        await producer.send("orders", key=b"a", value=b"x")
        await producer.close()
    expected = base64.b64encode(b"ferry%3A1:hush").decode()
    assert asked == [(f"Basic {expected}", "grant_type=client_credentials&scope=kafka")]


def tls_of(secured: Secured) -> Tls:
    files = secured.files
    return Tls(str(files / "ca.pem"), certificate=str(files / "client.pem"), key=str(files / "client.key"))


async def test_a_client_certificate_is_let_in(secured: Secured) -> None:
    await there_and_back(Connection(secured.tls, tls=tls_of(secured)))


@pytest.mark.parametrize("changes", [{"certificate": None, "key": None}, {"ca_file": None}])
async def test_a_missing_certificate_on_either_side_is_refused(
    secured: Secured, changes: dict[str, str | None]
) -> None:
    tls = dataclasses.replace(tls_of(secured), **changes)  # type: ignore[arg-type]
    producer = Producer(Connection(secured.tls, tls=tls), timeout_s=3)
    with pytest.raises(Unsent):
        await producer.send("orders", key=None, value=b"")
    await producer.close()


async def test_the_name_of_the_broker_is_checked(secured: Secured) -> None:
    elsewhere = secured.tls.replace("localhost", "127.0.0.1")
    producer = Producer(Connection(elsewhere, tls=tls_of(secured)), timeout_s=3)
    with pytest.raises(Unsent):
        await producer.send("orders", key=None, value=b"")
    await producer.close()
