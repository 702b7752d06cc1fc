"""The render job's own part: a blueprint and its media become a video."""

from rendering.cache import JointCache
from rendering.render import RenderReport, preview, render

__all__ = ["JointCache", "RenderReport", "preview", "render"]
