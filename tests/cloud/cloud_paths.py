"""Folders that the tests of the cloud's description read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "infra" / "terraform"
