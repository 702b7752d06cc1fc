"""The render job's own part: a blueprint and its media become a video."""

from rendering.cache import JointCache
from rendering.render import RenderReport, preview, render
from rendering.timeline import place_of
from rendering.variants import preview_plan

__all__ = ["JointCache", "RenderReport", "place_of", "preview", "preview_plan", "render"]
