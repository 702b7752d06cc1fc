"""The local containers name only variables, files and services that exist."""

import base64
import json
import re
import subprocess
from typing import Any

import pytest
import yaml
from cloud_paths import ROOT

COMPOSE = ROOT / "local_emulators" / "docker-compose.yaml"

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]

BUILT = [name for name, service in SERVICES.items() if "build" in service]


@pytest.mark.parametrize("name", BUILT)
def test_a_container_is_told_only_what_the_product_reads(name: str) -> None:
    settings = (ROOT / "src" / "choreo" / "settings.py").read_text()
    for variable in SERVICES[name]["environment"]:
        assert f'"{variable}"' in settings, variable


@pytest.mark.parametrize("name", BUILT)
def test_a_container_runs_without_rights_and_without_writing_to_itself(name: str) -> None:
    assert SERVICES[name]["user"] == "${CHOREO_USER:-1000:1000}"
    assert SERVICES[name]["read_only"] is True


def test_services_wait_for_services_that_exist() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_the_jobs_service_is_the_local_one_with_options_that_it_has() -> None:
    command = SERVICES["jobs"]["command"]
    source = (ROOT / "local_emulators" / "jobs_service.py").read_text()
    assert command[:3] == ["python", "-m", "local_emulators.jobs_service"]
    for option in (word for word in command if word.startswith("--")):
        assert f'"{option}"' in source, option


def test_the_sweeper_sends_what_cloud_scheduler_sends() -> None:
    script = SERVICES["sweeper"]["command"][-1]
    found = re.search(r"'(\{.*\})'", script)
    assert found is not None
    data = json.loads(found[1])["message"]["data"]
    assert json.loads(base64.b64decode(data)) == {"sweep": True}


def test_nothing_listens_on_more_than_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize(
    "script", [*ROOT.glob("tools/*.sh"), *ROOT.glob("infra/*.sh")], ids=lambda file: file.name
)
def test_every_script_is_legal_shell_and_may_be_run(script) -> None:
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert script.stat().st_mode & 0o111
