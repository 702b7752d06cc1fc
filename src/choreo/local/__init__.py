"""Adapters for one machine: folders, direct push, child processes."""
