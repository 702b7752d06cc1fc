"""The pipeline is valid, and names only steps, variables, files and targets that exist."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloud_paths import MODULE, ROOT

PIPELINES = [ROOT / "cloudbuild.yaml", ROOT / "deploy.cloudbuild.yaml"]

BUILT_IN = {"PROJECT_ID", "COMMIT_SHA"}

each_pipeline = pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda file: file.name)


def _read(pipeline: Path) -> dict[str, Any]:
    return yaml.safe_load(pipeline.read_text())


def _script(step: dict[str, Any]) -> str:
    return "\n".join(step["args"])


def _used_substitutions(pipeline: Path) -> set[str]:
    text = re.sub(r"(?m)^\s*#.*$", "", pipeline.read_text()).replace("$$", "")
    return set(re.findall(r"\$\{?([A-Z_][A-Z0-9_]*)\}?", text))


def test_the_pipelines_fit_the_schema_of_cloud_build() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild"]
        + [str(file) for file in PIPELINES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@each_pipeline
def test_a_step_waits_only_for_steps_before_it(pipeline: Path) -> None:
    before: set[str] = set()
    for step in _read(pipeline)["steps"]:
        assert step["id"] not in before, f"two steps are called {step['id']}"
        assert set(step.get("waitFor", [])) <= before | {"-"}, step["id"]
        before.add(step["id"])


@each_pipeline
def test_every_step_has_a_time_limit_within_that_of_the_whole(pipeline: Path) -> None:
    build = _read(pipeline)
    whole = int(build["timeout"].removesuffix("s"))
    for step in build["steps"]:
        assert 0 < int(step["timeout"].removesuffix("s")) <= whole, step["id"]


@each_pipeline
def test_substitutions_are_declared_and_used(pipeline: Path) -> None:
    declared = set(_read(pipeline)["substitutions"])
    used = _used_substitutions(pipeline)
    assert used - declared == used & BUILT_IN
    assert declared - used == set()


@each_pipeline
def test_shell_variables_are_escaped_from_cloud_build(pipeline: Path) -> None:
    for step in _read(pipeline)["steps"]:
        lower = re.findall(r"(?<!\$)\$\{?[a-z]\w*", _script(step))
        assert lower == [], f"{step['id']} needs $$ before {lower}"


@each_pipeline
def test_every_script_is_legal_shell(pipeline: Path) -> None:
    for step in _read(pipeline)["steps"]:
        script = re.sub(r"\$\{(_[A-Z_]+)\}", r"\1", step["args"][-1]).replace("$$", "$")
        done = subprocess.run(
            ["bash", "-n", "-c", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step['id']}: {done.stderr}"


@each_pipeline
def test_every_file_that_a_step_names_exists(pipeline: Path) -> None:
    for step in _read(pipeline)["steps"]:
        script = _script(step)
        for named in re.findall(r"--file (\S+)|python3 (\S+\.py)", script):
            assert (ROOT / "".join(named)).is_file(), f"{step['id']} names {named}"
        assert (ROOT / step.get("dir", ".")).is_dir()
        if "environments/${_ENVIRONMENT}" in script:
            for environment in ("dev", "prod"):
                for ending in ("tfvars", "gcs.tfbackend"):
                    assert (MODULE / "environments" / f"{environment}.{ending}").is_file()


@each_pipeline
def test_every_make_target_that_a_step_names_exists(pipeline: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    for step in _read(pipeline)["steps"]:
        for named in re.findall(r"\bmake ([a-z][a-z -]*)", _script(step)):
            assert set(named.split()) <= targets, step["id"]


def test_nothing_is_pushed_untested_or_released_unscanned() -> None:
    steps = {step["id"]: set(step.get("waitFor", [])) for step in _read(PIPELINES[0])["steps"]}

    def after(step: str) -> set[str]:
        return steps[step] | {far for near in steps[step] - {"-"} for far in after(near)}

    assert {"test", "build-request-handler", "build-planner", "build-job", "build-catalog"} <= (
        after("push")
    )
    assert {"scan", "plan", "push", "test"} <= after("ask")


def test_terraform_is_given_digests_and_never_tags() -> None:
    push = next(step for step in _read(PIPELINES[0])["steps"] if step["id"] == "push")
    assert "RepoDigests" in _script(push)
    assert "images.auto.tfvars.json" in _script(push)
    images = re.search(r"for image in ([a-z -]+);", _script(push))
    assert images is not None
    variable = (MODULE / "variables.tf").read_text().split('variable "images"')[1]
    for image in images[1].split():
        assert re.search(rf"^\s+{image.replace('-', '_')}\s+= string", variable, re.MULTILINE)


def test_the_pipelines_run_the_terraform_that_the_configuration_accepts() -> None:
    versions = {
        step["name"]
        for file in PIPELINES
        for step in _read(file)["steps"]
        if "terraform" in step["name"]
    }
    assert len(versions) == 1


def test_the_triggers_give_what_the_pipelines_declare() -> None:
    text = (MODULE / "delivery.tf").read_text()
    given = set(re.findall(r"^\s+(_[A-Z_]+)\s+=", text, re.MULTILINE))
    release, deploy = (set(_read(file)["substitutions"]) for file in PIPELINES)
    of_deployment = {"_DEPLOYER", "_API_TOKENS"}
    assert given - of_deployment <= release
    assert given == deploy
    assert 'filename        = "cloudbuild.yaml"' in text
    assert '"deploy.cloudbuild.yaml"' in text
