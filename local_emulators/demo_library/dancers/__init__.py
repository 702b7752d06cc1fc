"""A drawn couple that dances bachata: clips with exact truth for the demo library and the tests."""

from .clips import make_clips, render_clip
from .repertoire import repertoire

__all__ = ["make_clips", "render_clip", "repertoire"]
