"""What is installed is pinned and listed, and an audit that knows nothing says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.audit import GOOD, UNKNOWN, VULNERABLE, read_report  # noqa: E402  # after its folder
from tools.licences import PAGE, licence_of, page  # noqa: E402  # after its folder
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
    for lock in LOCKS.values():
        for pin in read_lock(ROOT / lock):
            if pin.name in written and f"| {pin.name} |" in written:
                licence = licence_of(pin.name)
                assert "GPL" not in licence.replace("LGPL", ""), pin.name


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
