"""What is installed is pinned and listed, and an audit that knows nothing says so."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.audit import GOOD, OSV, UNKNOWN, VULNERABLE, ask, main, read_report  # noqa: E402  # after its folder
from tools.licences import PAGE, page  # noqa: E402  # after its folder
from tools.locks import LOCKS, TOOL_LOCKS, read_lock  # noqa: E402  # after its folder
from tools.sbom import bill  # noqa: E402  # after its folder


@pytest.mark.parametrize("lock", [*LOCKS.values(), *TOOL_LOCKS.values()])
def test_every_package_is_pinned_to_files_of_known_content(lock: str) -> None:
    pins = read_lock(ROOT / lock)
    assert pins
    assert [pin.name for pin in pins if not pin.hashes] == []


def test_a_loose_requirement_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask>=3\n")
    with pytest.raises(ValueError, match=r"flask>=3.*not pinned"):
        read_lock(tmp_path / "requirements.txt")


def test_what_the_service_skips_is_unknown_and_not_good() -> None:
    good = {"name": "a", "version": "1", "vulns": []}
    bad = {"name": "b", "version": "1", "vulns": [{"id": "CVE-0", "fix_versions": ["2"]}]}
    skipped = {"name": "c", "skip_reason": "not found"}
    assert read_report({"dependencies": [good]}).verdict == GOOD
    assert read_report({"dependencies": [good, skipped]}).verdict == UNKNOWN
    assert read_report({"dependencies": []}).verdict == UNKNOWN
    found = read_report({"dependencies": [good, bad, skipped]})
    assert found.verdict == VULNERABLE
    assert found.vulnerable == ("b 1: CVE-0, mended in 2",)


@pytest.fixture
def service() -> Iterator[str]:
    """The address of a service that knows of one fault, in werkzeug."""
    fault = {
        "id": "OSV-0",
        "summary": "a fault",
        "affected": [
            {
                "package": {"name": "werkzeug", "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
            }
        ],
    }

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = asked["package"] == {"name": "werkzeug", "ecosystem": "PyPI"}
            body = json.dumps({"vulns": [fault]} if known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        answering = threading.Thread(target=server.serve_forever)
        answering.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        answering.join()


def test_a_known_fault_of_a_locked_package_is_found(service: str) -> None:
    lock = ROOT / LOCKS["request_handler"]
    finding = ask(lock, (*OSV, "--osv-url", service))
    pins = {pin.name: pin.version for pin in read_lock(lock)}
    assert finding.verdict == VULNERABLE
    assert finding.vulnerable == (f"werkzeug {pins['werkzeug']}: OSV-0, mended in 99",)
    assert finding.audited > 50
    assert not finding.skipped


def test_a_service_that_is_away_says_nothing_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.audit.LOCKS", {})
    assert main(["--osv-url", "http://127.0.0.1:9/v1/query"]) == UNKNOWN
    told = capsys.readouterr().out
    assert "  0 looked up, " in told
    assert "not looked up: " in told
    assert "so nothing is known" in told
    assert "No known vulnerability" not in told


def test_the_page_of_licences_lists_what_is_locked() -> None:
    written = PAGE.read_text(encoding="utf-8")
    listed = [line.split(" | ")[0] for line in written.splitlines()]
    for line in page().splitlines():
        if line.startswith("| ") and "python_version" not in line:
            assert line.split(" | ")[0] in listed, "run: .venv/bin/python -m tools.licences"
    assert "not named by its package" not in written


def test_no_package_under_the_gpl_goes_unnamed() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert "x264" in written
    assert "GPL" in written
    # As written, since versions of Python need different packages of one lock.
    _, _, table = written.partition("| package | licence | installed in |")
    licences = dict(line.split(" | ")[:2] for line in table.splitlines() if line.count(" | ") == 2)
    assert len(licences) > 50
    assert not [name for name, said in licences.items() if "GPL" in said.replace("LGPL", "")]


def test_the_wheel_that_brings_ffmpeg_is_what_the_page_says_it_is() -> None:
    import av._core

    build = av._core.library_meta["libavcodec"]
    assert build["license"] == "LGPL version 3 or later"
    assert {"--enable-libx264", "--enable-libx265", "--enable-version3"} <= set(
        build["configuration"].split()
    )
    assert "--enable-gpl" not in build["configuration"]


def test_the_bill_of_the_job_names_packages_hashes_and_what_lies_inside() -> None:
    components = {part["name"]: part for part in bill("job")["components"]}
    pins = {pin.name: pin.version for pin in read_lock(ROOT / LOCKS["job"])}
    assert set(pins) <= {name.lower().replace("_", "-").replace(".", "-") for name in components}
    assert components["av"]["version"] == pins["av"]
    assert components["av"]["licenses"]
    assert "SHA-256" in str(components["av"])
    assert any("x264" in name for name in components)
