"""Adapters for Google Cloud, one file each."""
