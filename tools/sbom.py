"""A bill of materials for each deployable, in the form of CycloneDX.

    python -m tools.sbom [FOLDER]        # make sbom; default: build/sbom

The packages, versions and hashes are those of the lock file; licences are added from the
installed packages, and what lies inside packages is listed beside them.
"""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.licences import INSIDE, licence_of
from tools.locks import LOCKS, ROOT, read_lock

TOOL = ("cyclonedx_py", "requirements", "--output-reproducible", "--spec-version", "1.6")


def bill(deployable: str) -> dict[str, Any]:
    """Return the bill of one deployable.

    Raises:

        ValueError: When it is not valid CycloneDX.
    """
    lock = ROOT / LOCKS[deployable]
    command = [sys.executable, "-m", *TOOL, str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    document: dict[str, Any] = json.loads(done.stdout)
    document["metadata"]["component"] = {
        "type": "application",
        "bom-ref": f"choreo-{deployable}",
        "name": f"choreo-{deployable}",
        "licenses": [{"license": {"id": "MIT"}}],
    }
    for component in document["components"]:
        component["description"] = component.get("description", "").partition("--hash")[0].strip()
        try:
            component["licenses"] = [{"license": {"name": licence_of(component["name"].lower())}}]
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for by other systems or versions of Python only
    packages = {pin.name for pin in read_lock(lock)}
    for number, (what, package, licence) in enumerate(INSIDE):
        if packages & set(package.split(", ")):
            document["components"].append(
                {
                    "type": "library",
                    "bom-ref": f"inside-{number}",
                    "name": what,
                    "description": f"lies inside {package}",
                    "licenses": [{"license": {"name": licence.replace("*", "")}}],
                }
            )
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if fault is not None:
        raise ValueError(f"the bill of {deployable} is not valid: {fault}")
    return document


def main() -> None:
    """Write all bills."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom"
    folder.mkdir(parents=True, exist_ok=True)
    for deployable in LOCKS:
        document = bill(deployable)
        file = folder / f"{deployable}.cdx.json"
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{file}: {len(document['components'])} components")


if __name__ == "__main__":
    main()
