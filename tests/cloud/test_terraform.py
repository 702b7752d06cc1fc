"""The configuration is well formed, holds its own invariants, and notices when one is broken."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from cloud_paths import MODULE, ROOT

from choreo.settings import Role, Settings

READ_BY_OTHERS = {
    "LOG_EXECUTION_ID": "functions-framework",
    "CLOUD_RUN_TIMEOUT_SECONDS": "functions-framework",
    "THREADS": "functions-framework",
    "TMPDIR": "Python",
    "DB_GRANTEES": "the migration",
}


def test_the_configuration_is_formatted(tmp_path: Path) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the PATH")
    no_configuration = tmp_path / "empty.tfrc"
    no_configuration.touch()
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(MODULE)],
        env={**os.environ, "TF_CLI_CONFIG_FILE": str(no_configuration)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_configuration_fits_the_provider_and_its_own_tests_pass(terraform) -> None:
    valid = terraform("validate", "-no-color")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    tested = terraform("test", "-no-color")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert re.search(r"Success! \d+ passed, 0 failed", tested.stdout)


BROKEN_LINES = (
    (
        "planning_queue.tf",
        'ack_deadline_seconds       = 600\n  message_retention_duration = "${24',
        'ack_deadline_seconds       = 60\n  message_retention_duration = "${24',
        "The planner may run longer than Pub/Sub waits for it",
    ),
    (
        "grants.yaml",
        "- to: pubsub_agent\n  role: roles/pubsub.publisher",
        "- to: planner\n  role: roles/pubsub.publisher",
        "dead letters, so they would be lost",
    ),
    (
        "database.tf",
        "ipv4_enabled    = false",
        "ipv4_enabled    = true",
        "The database has a public address",
    ),
    (
        "render_job.tf",
        'medium     = "DISK"',
        'medium     = "MEMORY"',
        "The scratch folder is in memory",
    ),
)


def test_each_broken_invariant_is_named(terraform, terraform_module: Path) -> None:
    for file, line, broken, _ in BROKEN_LINES:
        text = (terraform_module / file).read_text()
        assert text.count(line) == 1, f"{file} has no such line to break"
        (terraform_module / file).write_text(text.replace(line, broken))
    suites = [
        f"-filter=tests/{name}.tftest.hcl" for name in ("planning_queue", "database", "services")
    ]
    tested = terraform("test", "-no-color", *suites)
    assert tested.returncode == 1
    words = " ".join((tested.stdout + tested.stderr).split())
    assert [complaint for *_, complaint in BROKEN_LINES if complaint not in words] == []


def test_a_misspelt_attribute_fails(terraform, terraform_module: Path) -> None:
    file = terraform_module / "planning_queue.tf"
    file.write_text(file.read_text().replace("ack_deadline_seconds", "ack_deadline_second"))
    assert "Unsupported argument" in terraform("validate", "-no-color").stderr


def test_no_grant_is_made_outside_of_the_file_of_grants() -> None:
    found = {
        (file.name, kind)
        for file in MODULE.glob("*.tf")
        for kind in re.findall(r'^resource "(google_\w*iam_\w+)"', file.read_text(), re.MULTILINE)
    }
    assert {name for name, _ in found} == {"iam.tf"}
    # The others would replace what somebody else has granted.
    assert all(kind.endswith("_iam_member") for _, kind in found)


def test_only_the_two_roles_of_cloud_sql_are_granted_on_the_project_and_with_a_condition() -> None:
    grants = yaml.safe_load((MODULE / "grants.yaml").read_text())
    on_project = {grant["role"] for grant in grants if grant["kind"].startswith("project")}
    assert on_project == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    text = (MODULE / "iam.tf").read_text()
    resource = text.split('resource "google_project_iam_member"')[1].split("\nresource ")[0]
    assert text.count('"google_project_iam_member"') == 1
    assert "condition {" in resource
    assert "resource.name ==" in resource


def test_every_grant_says_why_and_has_a_resource_for_its_kind() -> None:
    kinds = set(re.findall(r'grant\.kind == "(\w+)"', (MODULE / "iam.tf").read_text()))
    for grant in yaml.safe_load((MODULE / "grants.yaml").read_text()):
        assert set(grant) - {"prefix"} == {"to", "role", "kind", "resource", "why"}, grant
        assert grant["kind"] in kinds
        assert grant["why"].strip()


def test_nothing_names_the_default_account_or_a_password() -> None:
    for file in MODULE.rglob("*.tf"):
        text = file.read_text()
        assert "compute@developer" not in text
        assert not re.search(r"^\s*(root_)?password\s*=", text, re.MULTILINE), file.name
        for template in text.split('resource "google_cloud_run_v2_')[1:]:
            body = template.split("\nresource ")[0]
            assert "service_account" in body or "_iam_member" in body.split("\n")[0], file.name


def test_every_variable_that_terraform_sets_is_read_by_the_product() -> None:
    settings = (ROOT / "src" / "choreo" / "settings.py").read_text()
    for file in ("request_handler", "planner", "render_job", "catalog", "database"):
        text = (MODULE / f"{file}.tf").read_text()
        for name in set(re.findall(r"^\s+([A-Z][A-Z_]+)\s+=", text, re.MULTILINE)):
            assert f'"{name}"' in settings or name in READ_BY_OTHERS, f"{file}.tf sets {name}"


@pytest.mark.parametrize("role", [Role.REQUEST_HANDLER, Role.PLANNER, Role.CATALOG])
def test_what_terraform_sets_is_a_legal_environment(role: Role) -> None:
    environment = {
        "CLOUD_SQL_INSTANCE": "demo-project:europe-west1:choreo",
        "DB_NAME": "choreo",
        "DB_USER": "choreo-part@demo-project.iam",
        "USE_GCS": "true",
        "GCS_BUCKET_NAME": "demo-project-choreo-media",
        "PUBSUB_TOPIC": "projects/demo-project/topics/choreo-planning",
        "RENDER_JOB": "projects/demo-project/locations/europe-west1/jobs/choreo-render",
        "GEMINI_API_KEY_SECRET": "projects/demo-project/secrets/choreo-gemini-api-key/versions/3",
        "SCRATCH_DIR": "/scratch",
        "BLUEPRINT_VERSION": "1.0",
    }
    assert Settings.from_env(environment, role).use_gcs


def test_every_variable_is_typed_and_described_and_every_output_described() -> None:
    for file, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        for block in (MODULE / file).read_text().split(f'\n{kind} "')[1:]:
            name = block.split('"')[0]
            assert "description = " in re.sub(r" +", " ", block), f"{kind} {name}"
            if kind == "variable":
                assert re.search(r"^  type\s+=", block, re.MULTILINE), name


def test_every_event_that_is_counted_is_logged() -> None:
    text = (MODULE / "monitoring.tf").read_text()
    counted = re.findall(r'event = "(\w+)", unit = "(\w+)"', text)
    assert len(counted) == 3
    parts = [ROOT / "functions" / "planner" / "planning", ROOT / "job_image" / "execution"]
    lines = "".join(file.read_text() for part in parts for file in part.glob("*.py"))
    for event, unit in counted:
        assert f'"event": "{event}"' in lines
        assert unit == "1" or f'"event": "{event}", "seconds": ' in lines
