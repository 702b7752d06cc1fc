"""Write docs/iam.md: who may do what, from the Terraform's and the database's own grants.

python tools/iam_table.py            # writes docs/iam.md
python tools/iam_table.py --check    # exit status 1 if it is not up to date
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from choreo.database.grants import GRANTS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "iam.md"
TERRAFORM_GRANTS = ROOT / "infra" / "terraform" / "grants.yaml"

HEAD = """\
# Who may do what

Made by `python tools/iam_table.py` from `infra/terraform/grants.yaml` and
`src/choreo/database/grants.py`; change those, not this page.

## In Google Cloud

Every part has a service account of its own, and each grant reaches one resource. Cloud SQL knows
no grant on one instance, so its two roles are granted on the project with an IAM condition that
names the instance. Who may call the API is `api_callers` or `public_api` of the Terraform.

"""

RESOURCES = {
    "topic": "topic",
    "subscription": "subscription",
    "bucket": "bucket",
    "secret": "secret",
    "job": "Cloud Run job",
    "service": "Cloud Run service",
    "service_account": "service account",
    "repository": "image repository",
    "project_only_for_database": "project, only for the instance",
}

DATABASE_HEAD = """
## In the database

Every part logs in as the IAM user of its service account. The migrator owns the tables and gives
the others these privileges after each migration.

"""


def page() -> str:
    """Return the text of docs/iam.md."""
    grants = yaml.safe_load(TERRAFORM_GRANTS.read_text())
    rows = [
        (
            grant["to"],
            f"`{grant['role']}`",
            " ".join(
                [RESOURCES[grant["kind"]], f"`{grant['resource']}`"]
                + ([f"below `{grant['prefix']}`"] if "prefix" in grant else [])
            ),
            grant["why"],
        )
        for grant in grants
    ]
    tables = [
        (component, f"`{table}`", ", ".join(privileges))
        for component, privileges_of in GRANTS.items()
        for table, privileges in privileges_of.items()
    ]
    return (
        HEAD
        + _table(("who", "role", "on", "why"), rows)
        + DATABASE_HEAD
        + _table(("who", "table", "privileges"), tables)
    )


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/iam.md from the grants.")
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if not parser.parse_args(arguments).check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page())
        print(f"wrote {PAGE.relative_to(ROOT)}")
    elif not PAGE.exists() or PAGE.read_text() != page():
        print("docs/iam.md is not up to date: run python tools/iam_table.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
