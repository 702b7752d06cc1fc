"""Addresses of media: served by this product, or signed for a bucket."""

import base64
import json
import urllib.request
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import google.auth.exceptions
import google.auth.transport.requests
import pytest
from google.auth.credentials import Credentials
from machine import BUCKET, PATIENCE_SECONDS

from choreo.errors import Unavailable, UnsafePath
from choreo.gcp.media_links import SignedLinks
from choreo.gcp.object_store import BucketStore
from choreo.local.media_links import ServedLinks

ACCOUNT = "choreo-api@demo.iam.gserviceaccount.com"


class MachineAccount(Credentials):
    """The account of a machine: it has a token, and no key."""

    service_account_email = "default"

    def __init__(self) -> None:
        super().__init__()
        self.refreshed = 0

    def refresh(self, request: object) -> None:
        self.refreshed += 1
        self.token = f"token-{self.refreshed}"
        self.service_account_email = ACCOUNT


class SignBlob:
    """Stands in for the IAM service: it keeps what it is asked and signs with one word."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.status = 200

    def __call__(self, url: str, method: str, body: str, headers: dict, **_: object) -> object:
        self.asked.append({"url": url, "body": json.loads(body), "headers": headers})
        answer = {"signedBlob": base64.b64encode(b"signed").decode()}
        return SimpleNamespace(status=self.status, data=json.dumps(answer).encode())


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> SignBlob:
    service = SignBlob()
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth.transport.requests, "Request", lambda: service)
    return service


def test_a_signed_address_is_signed_by_iam_and_not_by_a_key(iam):
    account = MachineAccount()
    address = urlsplit(SignedLinks(BUCKET, account).link("output/1/vídeo.mp4"))
    query = parse_qs(address.query)
    assert address.hostname == "storage.googleapis.com"
    assert unquote(address.path) == f"/{BUCKET}/output/1/vídeo.mp4"
    assert query["X-Goog-Algorithm"] == ["GOOG4-RSA-SHA256"]
    assert query["X-Goog-Expires"] == ["3600"]
    assert query["X-Goog-Credential"][0].startswith(f"{ACCOUNT}/")
    assert query["X-Goog-Signature"] == [b"signed".hex()]
    assert iam.asked[0]["url"].split("?")[0].endswith(f"/{ACCOUNT}:signBlob")
    assert iam.asked[0]["headers"]["Authorization"] == "Bearer token-1"


def test_what_is_signed_names_the_request_and_its_moment(iam):
    SignedLinks(BUCKET, MachineAccount()).link("output/1.mp4")
    signed = base64.b64decode(iam.asked[0]["body"]["payload"]).decode().split("\n")
    assert signed[0] == "GOOG4-RSA-SHA256"
    assert signed[2].endswith("/auto/storage/goog4_request")


def test_a_signed_address_sets_media_type_and_download_name(iam):
    links = SignedLinks(BUCKET, MachineAccount())
    played = parse_qs(urlsplit(links.link("output/1.mp4")).query)
    assert played["response-content-type"] == ["video/mp4"]
    assert played["response-content-disposition"] == ["inline"]
    saved = parse_qs(urlsplit(links.link("output/1.mp4", 'Mi "baile"; ñ.mp4')).query)
    assert saved["response-content-disposition"] == [
        "attachment; filename*=UTF-8''Mi%20%22baile%22%3B%20%C3%B1.mp4"
    ]


def test_each_address_is_made_anew_and_the_token_is_kept(iam):
    account = MachineAccount()
    links = SignedLinks(BUCKET, account)
    links.link("output/1.mp4")
    links.link("output/1.mp4")
    assert len(iam.asked) == 2
    assert account.refreshed == 1


def test_an_account_that_may_not_sign_is_told_which_grant_it_lacks(iam):
    iam.status = 403
    with pytest.raises(Unavailable, match=r"signed"):
        SignedLinks(BUCKET, MachineAccount()).link("output/1.mp4")


def test_without_an_account_the_fault_is_named(iam, monkeypatch):
    def none(**_: object) -> None:
        raise google.auth.exceptions.DefaultCredentialsError("no credentials here")

    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(Unavailable, match=r"no credentials here.*serviceAccountTokenCreator"):
        SignedLinks(BUCKET).link("output/1.mp4")


def test_the_emulators_addresses_play_with_ranges(bucket_server, monkeypatch, tmp_path, request):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket_server)
    (tmp_path / "video.mp4").write_bytes(b"0123456789")
    key = f"output/{abs(hash(request.node.nodeid))}/vídeo 1.mp4"
    BucketStore(BUCKET).publish(tmp_path / "video.mp4", key)
    address = SignedLinks(BUCKET).link(key)
    part = urllib.request.Request(address, headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(part, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 206
        assert answer.read() == b"234"


def test_a_served_address_quotes_what_a_browser_would_misread():
    links = ServedLinks()
    assert links.link("output/1.mp4") == "/media/output/1.mp4"
    hostile = "a b?c#d%2e&ñ.mp4"
    address = urlsplit(links.link(hostile, "x&y=ñ /.mp4"))
    assert unquote(address.path) == f"/media/{hostile}"
    assert parse_qs(address.query) == {"download": ["x&y=ñ /.mp4"]}
    assert address.fragment == ""


def test_links_tell_the_origin_that_they_lead_to(iam):
    signed = SignedLinks(BUCKET, MachineAccount())
    assert signed.link("output/1.mp4").startswith(signed.origin + "/")
    assert ServedLinks().origin == ""


@pytest.mark.parametrize("links", [ServedLinks(), SignedLinks(BUCKET, MachineAccount())])
@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "javascript:alert(1)"])
def test_no_address_is_made_for_a_hostile_path(links, path, iam):
    with pytest.raises(UnsafePath):
        links.link(path)
