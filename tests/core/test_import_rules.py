"""Who may import whom: arrows go down only, and nobody pays for what it does not use."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FOLDERS = {
    "request_handler": ROOT / "functions" / "request_handler",
    "planner": ROOT / "functions" / "planner",
    "job": ROOT / "job_image",
    "catalog": ROOT / "catalog",
    "choreo": ROOT / "src" / "choreo",
}
INNER_PACKAGES = {
    "request_handler": {"intake"},
    "planner": {"planning"},
    "job": {"rendering", "execution"},
    "catalog": {"catalog"},
    "choreo": {"choreo"},
}
CLOUD_DOOR = {"choreo.gcp.cloud_sql"}
"""Opening a database chooses by the settings, like wiring, and below it."""

ONE_PLACE = {
    "google.generativeai": "src/choreo/gcp/language_model.py",
    "faiss": "functions/planner/planning/search/index.py",
    "google.cloud.storage": "src/choreo/gcp",
    "google.cloud": "src/choreo/gcp",
    "alembic": "src/choreo/database",
    "sqlalchemy": "src/choreo",
    "librosa": "src/choreo/music",
    "stamina": "job_image/execution",
    "flask": "functions/request_handler",
}

HEAVY = ("numpy", "librosa", "scipy", "numba", "faiss", "google.generativeai", "grpc")
CLIENTS = ("google.cloud", "google.auth", "google.api_core", "requests", "aiohttp")


def modules_of(part: str) -> list[Path]:
    return [file for file in sorted(FOLDERS[part].rglob("*.py")) if "__pycache__" not in file.parts]


def all_modules() -> list[Path]:
    return [file for part in FOLDERS for file in modules_of(part)]


def imports_of(file: Path) -> Iterator[str]:
    """Yield the full names that a module imports when it runs, also inside its functions."""
    waiting: list[ast.AST] = [ast.parse(file.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("part", FOLDERS)
def test_the_parts_that_run_apart_never_import_each_other(part):
    others = {
        package
        for name, packages in INNER_PACKAGES.items()
        for package in packages
        if name not in (part, "choreo")
    }
    forbidden = others | {"functions", "job_image", "main", "choreo_cli"}
    for file in modules_of(part):
        crossed = {name for name in imports_of(file) if name.split(".")[0] in forbidden}
        assert not crossed, f"{file.relative_to(ROOT)} imports {crossed}"


def test_nothing_that_is_deployed_imports_tests_or_the_local_stack():
    for file in all_modules():
        crossed = [n for n in imports_of(file) if n.split(".")[0] in ("local_emulators", "tests")]
        assert not crossed, f"{file.relative_to(ROOT)} imports {crossed}"


@pytest.mark.parametrize("side", ["gcp", "local"])
def test_only_wiring_chooses_an_adapter(side):
    package = f"choreo.{side}"
    for file in all_modules():
        if file == FOLDERS["choreo"] / "wiring.py" or file.is_relative_to(FOLDERS["choreo"] / side):
            continue
        crossed = [
            name
            for name in imports_of(file)
            if is_in(name, package) and not any(is_in(name, door) for door in CLOUD_DOOR)
        ]
        assert not crossed, f"{file.relative_to(ROOT)} imports {crossed}"
    openers = [
        file.name
        for file in all_modules()
        if any(is_in(name, door) for name in imports_of(file) for door in CLOUD_DOOR)
    ]
    assert openers == ["engine.py"]


def test_wiring_imports_an_adapter_only_in_the_branch_that_needs_it():
    tree = ast.parse((FOLDERS["choreo"] / "wiring.py").read_text())
    at_import = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not [name for name in at_import if ".gcp" in name or ".local" in name]


def test_an_adapter_knows_no_other_side():
    for side, other in (("gcp", "choreo.local"), ("local", "choreo.gcp")):
        for file in (FOLDERS["choreo"] / side).glob("*.py"):
            assert not [name for name in imports_of(file) if is_in(name, other)]


def test_the_stages_of_planning_never_import_one_another():
    folder = FOLDERS["planner"] / "planning"
    order = {"pipeline", "worker"}
    for file in folder.rglob("*.py"):
        stage = file.relative_to(folder).with_suffix("").parts[0]
        if stage in order:
            continue
        crossed = [
            name
            for name in imports_of(file)
            if is_in(name, "planning")
            and not is_in(name, "planning.model")
            and not is_in(name, f"planning.{stage}")
        ]
        assert not crossed, f"{file.relative_to(folder)} imports {crossed}"


def test_planning_and_rendering_know_no_adapter_and_no_settings():
    for part, package in (("planner", "planning"), ("job", "rendering"), ("job", "execution")):
        for file in (FOLDERS[part] / package).rglob("*.py"):
            crossed = [
                name
                for name in imports_of(file)
                if is_in(name, "choreo.wiring") or is_in(name, "choreo.settings")
            ]
            assert not crossed, f"{file.relative_to(ROOT)} imports {crossed}"


@pytest.mark.parametrize("library", ONE_PLACE)
def test_a_library_is_named_in_one_place_only(library):
    home = ROOT / ONE_PLACE[library]
    users = [file for file in all_modules() if any(is_in(n, library) for n in imports_of(file))]
    strangers = [str(file.relative_to(ROOT)) for file in users if not file.is_relative_to(home)]
    assert not strangers


def test_the_environment_is_read_in_entrypoints_only():
    allowed = {
        "functions/request_handler/main.py",
        "functions/planner/main.py",
        "job_image/main.py",
        "src/choreo/local/render_jobs.py",  # what it hands on to the job
        "src/choreo/gcp/media_links.py",  # the client's own switch for a local server
        "catalog/workers.py",  # it sets what numeric libraries read at their import
    }
    readers = {
        str(file.relative_to(ROOT))
        for file in all_modules()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }
    assert readers <= allowed


# What is really loaded, in a process of its own.


def loaded_by(code: str, *paths: Path) -> set[str]:
    """Run `code` in a fresh interpreter and return the names of all modules it has loaded."""
    path = [str(ROOT / "src"), *map(str, paths)]
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {path!r}\n{code}\nprint(*sorted(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def import_all(folder: Path) -> str:
    """Return code that imports every module below a folder on the path."""
    names = [
        ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for file in sorted(folder.rglob("*.py"))
        if "__pycache__" not in file.parts
    ]
    return "\n".join(f"import {name}" for name in names)


def strangers_in(loaded: set[str], libraries: tuple[str, ...]) -> list[str]:
    namespaces = {"google", "google.cloud"}  # a file in site-packages makes them at each start
    return [
        name for name in loaded - namespaces if any(is_in(name, library) for library in libraries)
    ]


def test_importing_choreo_loads_no_third_party():
    before = loaded_by("pass")
    after = loaded_by("import choreo, choreo.errors, choreo.log, choreo.settings")
    own = {name.split(".")[0] for name in after - before} - {"choreo"}
    assert own <= set(sys.stdlib_module_names)


def test_importing_wiring_loads_neither_clients_nor_numbers():
    loaded = loaded_by("import choreo.wiring, choreo.ports, choreo.blueprint, choreo.exports")
    assert not strangers_in(loaded, HEAVY + CLIENTS)


def test_a_local_stack_loads_nothing_of_the_cloud():
    code = """
from choreo.settings import Role, Settings
from choreo.wiring import Stack
variables = {"LIBRARY": "/nowhere", "DATABASE_URL": "sqlite://", "PLANNER_URL": "http://h/",
             "JOB_PYTHON": "p", "JOB_SCRIPT": "s"}
stack = Stack(Settings.from_env(variables, Role.REQUEST_HANDLER))
for door in (stack.object_store, stack.media_links, stack.planning_queue, stack.render_jobs):
    door()
assert stack.language_model() is None
"""
    loaded = loaded_by(code)
    assert not strangers_in(loaded, HEAVY + CLIENTS)
    assert not [name for name in loaded if name.startswith("choreo.gcp.")]


def test_a_cloud_stack_loads_nothing_of_the_local_side_and_asks_nobody():
    code = """
from choreo.settings import Role, Settings
from choreo.wiring import Stack
variables = {"CLOUD_SQL_INSTANCE": "p:r:i", "DB_USER": "api@p.iam", "USE_GCS": "true",
             "GCS_BUCKET_NAME": "b", "PUBSUB_TOPIC": "projects/p/topics/t",
             "RENDER_JOB": "projects/p/locations/l/jobs/j"}
stack = Stack(Settings.from_env(variables, Role.REQUEST_HANDLER))
for door in (stack.object_store, stack.media_links, stack.planning_queue, stack.render_jobs):
    door()
"""
    loaded = loaded_by(code)
    assert not [name for name in loaded if name.startswith("choreo.local.")]
    assert not strangers_in(loaded, ("numpy", "librosa", "faiss", "google.generativeai"))


def test_the_job_never_loads_a_numeric_library_or_gemini():
    loaded = loaded_by(import_all(FOLDERS["job"]), FOLDERS["job"])
    assert "rendering" in loaded
    assert not strangers_in(loaded, HEAVY)


def test_the_request_handler_never_loads_a_numeric_library_or_gemini():
    loaded = loaded_by(import_all(FOLDERS["request_handler"]), FOLDERS["request_handler"])
    assert "intake" in loaded or any(name.startswith("intake.") for name in loaded)
    assert not strangers_in(loaded, HEAVY)


def test_the_planner_loads_gemini_only_with_a_key():
    loaded = loaded_by(import_all(FOLDERS["planner"]), FOLDERS["planner"])
    assert not strangers_in(loaded, ("google.generativeai", "librosa", "av"))
