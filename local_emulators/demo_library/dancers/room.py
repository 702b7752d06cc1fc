"""The rooms that the couple dances in: painted once, the same at every frame."""

from functools import cache

import numpy as np
import skia

from .camera import HEIGHT, WIDTH, project
from .curves import Array

SESSIONS = ("studio", "evening")


def _pixels(points: list[tuple[float, float, float]]) -> list[skia.Point]:
    xy, _, _ = project(np.array(points))
    return [skia.Point(float(x), float(y)) for x, y in xy]


def _polygon(points: list[tuple[float, float, float]]) -> skia.Path:
    path = skia.Path()
    path.addPoly(_pixels(points), True)
    return path


_BACK = -2.6
"""z of the back wall, metres."""


@cache
def painted(session: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """BGRA pixels (720, 1280, 4) of an empty room."""
    evening = session == "evening"
    wall_top, wall_low = (0xFF2B1B33, 0xFF5A3145) if evening else (0xFFB98F6C, 0xFFE6CDA9)
    floor_far, floor_near = (0xFF4A2A30, 0xFF7A4A3A) if evening else (0xFF9A6A42, 0xFFC08A55)
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    surface = skia.Surface.MakeRasterDirect(skia.ImageInfo.MakeN32Premul(WIDTH, HEIGHT), pixels)
    canvas = surface.getCanvas()
    horizon = _pixels([(0, 0, _BACK)])[0].y()
    paint = skia.Paint(AntiAlias=True)
    paint.setShader(
        skia.GradientShader.MakeLinear(
            [skia.Point(0, 0), skia.Point(0, horizon)], [wall_top, wall_low]
        )
    )
    canvas.drawRect(skia.Rect(0, 0, WIDTH, horizon), paint)
    paint.setShader(
        skia.GradientShader.MakeLinear(
            [skia.Point(0, horizon), skia.Point(0, HEIGHT)], [floor_far, floor_near]
        )
    )
    canvas.drawRect(skia.Rect(0, horizon, WIDTH, HEIGHT), paint)
    _planks(canvas, evening)
    _wall(canvas, evening)
    glow = skia.Paint(AntiAlias=True)
    glow.setShader(
        skia.GradientShader.MakeRadial(
            skia.Point(0, 0), 1, [0x66FFE0B0 if not evening else 0x80FFB070, 0x00FFE0B0]
        )
    )
    canvas.save()
    canvas.translate(WIDTH / 2, 625)
    canvas.scale(560, 120)
    canvas.drawCircle(0, 0, 1, glow)
    canvas.restore()
    vignette = skia.Paint(AntiAlias=True)
    vignette.setShader(
        skia.GradientShader.MakeRadial(
            skia.Point(WIDTH / 2, HEIGHT * 0.52),
            860,
            [0x00000000, 0x00000000, 0x96180A14],
            [0, 0.5, 1],
        )
    )
    canvas.drawRect(skia.Rect(0, 0, WIDTH, HEIGHT), vignette)
    surface.flushAndSubmit()
    return pixels


def _planks(canvas: skia.Canvas, evening: bool) -> None:
    rng = np.random.default_rng(5)
    for i in range(-26, 26):
        tone = int(rng.integers(0, 26))
        colour = (tone << 24) | (0x000000 if i % 2 else 0xFFD9A0)
        x0, x1 = i * 0.22, (i + 1) * 0.22
        canvas.drawPath(
            _polygon([(x0, 0, _BACK), (x1, 0, _BACK), (x1, 0, 3.6), (x0, 0, 3.6)]),
            skia.Paint(AntiAlias=True, Color=colour),
        )
        seam = skia.Paint(
            AntiAlias=True, Color=0x38200A08, StrokeWidth=1.2, Style=skia.Paint.kStroke_Style
        )
        a, b = _pixels([(x0, 0, _BACK), (x0, 0, 3.6)])
        canvas.drawLine(a, b, seam)


def _wall(canvas: skia.Canvas, evening: bool) -> None:
    edge = skia.Paint(AntiAlias=True, Color=0xFF3A2018 if evening else 0xFF7A4E30)
    canvas.drawPath(
        _polygon([(-6, 0, _BACK), (6, 0, _BACK), (6, 0.13, _BACK), (-6, 0.13, _BACK)]), edge
    )
    if evening:
        rng = np.random.default_rng(11)
        for _ in range(46):
            x, y = float(rng.uniform(0, WIDTH)), float(rng.uniform(20, 330))
            radius = float(rng.uniform(5, 22))
            warm = (0xFFC078, 0xFF8E5A, 0xFFE2B0, 0xE0709A)[int(rng.integers(0, 4))]
            alpha = int(rng.integers(18, 70))
            canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Color=(alpha << 24) | warm,
                MaskFilter=skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 2.0)))  # fmt: skip
        return
    for i in range(-2, 3):
        x0 = i * 1.75 - 0.6
        canvas.drawPath(
            _polygon(
                [
                    (x0, 0.75, _BACK),
                    (x0 + 1.2, 0.75, _BACK),
                    (x0 + 1.2, 2.55, _BACK),
                    (x0, 2.55, _BACK),
                ]
            ),
            skia.Paint(AntiAlias=True, Color=0xFFF3E3C4),
        )
        bars = skia.Paint(
            AntiAlias=True, Color=0xFF9A7350, StrokeWidth=5, Style=skia.Paint.kStroke_Style
        )
        canvas.drawPath(
            _polygon(
                [
                    (x0, 0.75, _BACK),
                    (x0 + 1.2, 0.75, _BACK),
                    (x0 + 1.2, 2.55, _BACK),
                    (x0, 2.55, _BACK),
                ]
            ),
            bars,
        )
        a, b = _pixels([(x0 + 0.6, 0.75, _BACK), (x0 + 0.6, 2.55, _BACK)])
        canvas.drawLine(a, b, bars)
        c, d = _pixels([(x0, 1.65, _BACK), (x0 + 1.2, 1.65, _BACK)])
        canvas.drawLine(c, d, bars)


def shadows(spot: Array, radius: float) -> tuple[Array, Array]:
    """Centre (frames, 2) and half axes (frames, 2) in pixels of a shadow on the floor."""
    flat = spot.copy()
    flat[:, 1] = 0
    xy, scale, _ = project(flat)
    return xy, np.stack([scale * radius, scale * radius * 0.26], axis=-1)
