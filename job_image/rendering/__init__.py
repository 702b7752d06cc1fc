"""The render job's own part: a blueprint and its media become a video."""

from rendering.render import RenderReport, render

__all__ = ["RenderReport", "render"]
