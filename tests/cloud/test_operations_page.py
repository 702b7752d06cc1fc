"""The page of operations names every alarm, and only things that exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from cloud_paths import MODULE, ROOT

from catalog import probing
from catalog.probing import MAX_RATE, MAX_SECONDS, MIN_SIDE
from catalog.source_files import MAX_CLIP_BYTES, MAX_SONG_BYTES
from choreo import decoding
from choreo.music.decoding import MAX_DURATION
from choreo.settings import INGEST_CPU_SECONDS, INGEST_MEMORY_MIB, Role, Settings
from tools import costs

PAGE = ROOT / "docs" / "operations.md"


def _page() -> str:
    return PAGE.read_text()


def test_every_alarm_has_its_section_and_no_section_lacks_its_alarm() -> None:
    text = (MODULE / "alerts.tf").read_text().split("alerts = {")[1].split("\n}\n")[0]
    alarms = re.findall(r"^    ([a-z-]+) = \{", text, re.MULTILINE)
    sections = _page().split("## Alarms")[1].split("\n## ")[0]
    assert re.findall(r"^### (.+)$", sections, re.MULTILINE) == alarms


def test_every_variable_and_output_that_the_page_names_exists() -> None:
    variables = set(re.findall(r'(?m)^variable "(\w+)"', (MODULE / "variables.tf").read_text()))
    outputs = set(re.findall(r'(?m)^output "(\w+)"', (MODULE / "outputs.tf").read_text()))
    named = set(re.findall(r"`?\b([a-z]+(?:_[a-z]+)+)\b(?:\.max|\.memory)?`? = ", _page()))
    named |= set(re.findall(r"-var='?\"?([a-z_]+)=", _page()))
    assert named <= variables, named - variables
    assert set(re.findall(r"terraform output (?:-raw )?(\w+)", _page())) <= outputs


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(
        r"\b((?:infra|tools|functions|docs)/[\w./-]+\.(?:sh|py|tf|md|yaml))\b", _page()
    )
    assert named
    for name in named:
        assert (ROOT / name).is_file(), name
    for target in re.findall(r"`make ([a-z]+)`", _page()):
        assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text()), f"make {target}"


def test_the_costs_are_those_of_the_numbers() -> None:
    assert _page() == costs.with_tables(_page()), "run python tools/costs.py"


def test_a_changed_price_changes_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = costs.tables()
    monkeypatch.setattr(costs, "SENT_GB", 1.0)
    assert costs.tables() != before
    assert "| watching it once | 0.06 GB × $1.0 | $0.06000 |" in costs.tables()


def test_the_limits_on_the_page_are_the_defaults_of_the_variables() -> None:
    text = (MODULE / "variables.tf").read_text()

    def default(variable: str) -> str:
        block = text.split(f'variable "{variable}"')[1].split("\nvariable ")[0]
        found = re.search(r"default\s+= (.+)", block)
        assert found is not None
        return found[1].strip('"')

    limits = _page().split("## Limits")[1].split("\n## ")[0]
    assert f"{default('planner_timeout_seconds')} s (`planner_timeout_seconds`" in limits
    assert f"{int(default('render_timeout_seconds')):,} s (`render_timeout_seconds`)" in limits
    assert f"{default('videos_kept_days')} days (`videos_kept_days`;" in limits
    assert f"{default('planning_attempts')} deliveries (`planning_attempts`)" in limits
    assert default("scratch_size").replace("Gi", " GiB") in limits


def test_the_limits_of_media_on_the_page_are_those_of_the_code() -> None:
    limits = _page().split("## Limits")[1].split("\n## ")[0]
    gib = 1 << 30
    assert f"song {MAX_SONG_BYTES // gib} GiB, clip {MAX_CLIP_BYTES // gib} GiB" in limits
    assert f"song {MAX_DURATION // 60:.0f} minutes, clip {MAX_SECONDS / 60:.0f} minutes" in limits
    assert probing.MAX_PIXELS == 4096 * 2304
    assert decoding.MAX_PIXELS == 4096 * 4096
    assert f"4096 x 2304 pixels, {MAX_RATE} a second, {MIN_SIDE} pixels a side" in limits
    assert f"{INGEST_MEMORY_MIB:,} MiB of address space (`INGEST_MEMORY_MIB`)" in limits
    assert f"{INGEST_CPU_SECONDS:,} s (`INGEST_CPU_SECONDS`)" in limits
    settings = Settings.from_env({"PLANNER_URL": "http://127.0.0.1:9"}, Role.REQUEST_HANDLER)
    assert f"{settings.upload_limit // gib} GiB (`UPLOAD_LIMIT_MIB`)" in limits


@pytest.fixture
def calls_of_gcloud(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment whose gcloud writes down what it is asked; nothing exists yet."""
    log = tmp_path / "calls"
    programs = tmp_path / "bin"
    programs.mkdir()
    gcloud = programs / "gcloud"
    gcloud.write_text(
        f'#!/bin/bash\necho "$*" >>{log}\ncase "$*" in *" describe "*) exit 1;; esac\n'
    )
    gcloud.chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}, log


def test_preparing_a_project_makes_two_accounts_and_no_owner(calls_of_gcloud) -> None:
    environment, log = calls_of_gcloud
    script = [str(ROOT / "infra" / "bootstrap.sh"), "demo-project", "europe-west1"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = log.read_text()
    for account in ("choreo-builder", "choreo-deployer"):
        assert f"service-accounts create {account} " in calls
    assert "buckets create gs://demo-project-choreo-state" in calls
    roles = set(re.findall(r"--role=(\S+)", calls))
    assert roles & {"roles/owner", "roles/editor"} == set()
    builder = [
        line for line in calls.splitlines() if "projects add-iam" in line and "builder" in line
    ]
    assert not any("admin" in line and "ondemandscanning" not in line for line in builder)


def test_preparing_without_a_project_says_how(calls_of_gcloud) -> None:
    environment, log = calls_of_gcloud
    done = subprocess.run(
        [str(ROOT / "infra" / "bootstrap.sh")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert not log.exists()
