"""The rooms that the couple dances in: painted once, the same at every frame."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import skia
from numpy.typing import NDArray

from .camera import HEIGHT, WIDTH, project
from .curves import Array

SESSIONS = ("studio", "evening")


def _pixels(points: Sequence[tuple[float, float, float]]) -> list[skia.Point]:
    xy, _, _ = project(np.array(points))
    return [skia.Point(float(x), float(y)) for x, y in xy]


def _polygon(points: Sequence[tuple[float, float, float]]) -> skia.Path:
    path = skia.Path()
    path.addPoly(_pixels(points), True)
    return path


_BACK = -2.6
"""z of the back wall, metres."""

_BLUR = 3.2
"""Pixels: the wall lies behind the plane that the camera is sharp on."""


def _fill(colour: int, blur: float = 0.0) -> skia.Paint:
    paint = skia.Paint(AntiAlias=True, Color=colour)
    if blur:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return paint


def _graded(canvas: skia.Canvas, rect: skia.Rect, top: int, bottom: int, alpha: int = 255) -> None:
    paint = skia.Paint(AntiAlias=True)
    ends = [skia.Point(0, rect.top()), skia.Point(0, rect.bottom())]
    paint.setShader(skia.GradientShader.MakeLinear(ends, [top, bottom]))
    paint.setAlpha(alpha)
    canvas.drawRect(rect, paint)


def _glow(canvas: skia.Canvas, x: float, y: float, rx: float, ry: float, colour: int) -> None:
    paint = skia.Paint(AntiAlias=True)
    stops = [colour, (colour >> 25 << 24) | (colour & 0xFFFFFF), colour & 0xFFFFFF]
    paint.setShader(skia.GradientShader.MakeRadial(skia.Point(0, 0), 1, stops, [0.0, 0.5, 1.0]))
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(rx, ry)
    canvas.drawCircle(0, 0, 1, paint)
    canvas.restore()


@cache
def painted(session: str) -> NDArray[np.uint8]:
    """BGRA pixels (720, 1280, 4) of an empty room."""
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    surface = skia.Surface.MakeRasterDirect(skia.ImageInfo.MakeN32Premul(WIDTH, HEIGHT), pixels)
    canvas = surface.getCanvas()
    {"studio": _studio, "evening": _evening}[session](canvas)
    vignette = skia.Paint(AntiAlias=True)
    middle = skia.Point(WIDTH / 2, HEIGHT * 0.5)
    stops = [0x00000000, 0x00000000, 0x8A180A14]
    vignette.setShader(skia.GradientShader.MakeRadial(middle, 850, stops, [0, 0.45, 1]))
    canvas.drawRect(skia.Rect(0, 0, WIDTH, HEIGHT), vignette)
    surface.flushAndSubmit()
    return pixels


def _upright(left: float, right: float, low: float, high: float) -> skia.Path:
    corners = ((left, low), (right, low), (right, high), (left, high))
    return _polygon([(x, y, _BACK) for x, y in corners])


def _horizon() -> float:
    return float(_pixels([(0, 0, _BACK)])[0].y())


def _boards(canvas: skia.Canvas, far: int, near: int, seam: int) -> None:
    horizon = _horizon()
    _graded(canvas, skia.Rect(0, horizon, WIDTH, HEIGHT), far, near)
    rng = np.random.default_rng(5)
    for i in range(-22, 22):
        x0, x1 = i * 0.26, (i + 1) * 0.26
        tint = (int(rng.integers(0, 20)) << 24) | (0x000000 if i % 2 else 0xFFD9A0)
        canvas.drawPath(
            _polygon([(x0, 0, _BACK), (x1, 0, _BACK), (x1, 0, 3.6), (x0, 0, 3.6)]), _fill(tint, 1.0)
        )
        line = _fill(seam)
        line.setStyle(skia.Paint.kStroke_Style)
        line.setStrokeWidth(1.4)
        a, b = _pixels([(x0, 0, _BACK), (x0, 0, 3.6)])
        canvas.drawLine(a, b, line)


def _studio(canvas: skia.Canvas) -> None:
    """A dance studio in afternoon light: tall windows, a wooden floor."""
    horizon = _horizon()
    _graded(canvas, skia.Rect(0, 0, WIDTH, horizon), 0xFFA98468, 0xFFDCC09B)
    for i in range(-2, 3):
        x = i * 1.62
        canvas.drawPath(_upright(x - 0.5, x + 0.5, 0.55, 3.2), _fill(0xFF8A6448, _BLUR))
        for left, right in ((-0.45, -0.03), (0.03, 0.45)):
            for low, high in ((0.62, 1.40), (1.46, 2.24), (2.30, 3.1)):
                pane = _upright(x + left, x + right, low, high)
                canvas.drawPath(pane, _fill(0xFFF7E6C4, _BLUR))
        light = _pixels([(x, 1.6, _BACK)])[0]
        _glow(canvas, light.x(), light.y(), 190, 330, 0x38FFF0CC)
    _boards(canvas, 0xFF8C5E3C, 0xFFBE8854, 0x30301408)
    canvas.drawPath(_upright(-7, 7, 0, 0.14), _fill(0xFF6E4630, 1.6))
    for i in range(-2, 3):
        # Light of the windows on the floor.
        x = i * 1.62
        patch = [(x - 0.4, 0, -1.9), (x + 0.5, 0, -1.9), (x + 0.9, 0, 0.3), (x - 0.3, 0, 0.3)]
        canvas.drawPath(_polygon(patch), _fill(0x16FFF0C8, 14.0))
    _glow(canvas, WIDTH / 2, 618, 520, 110, 0x58FFE6B8)


def _evening(canvas: skia.Canvas) -> None:
    """A stage in the evening: curtain, strings of lamps, one warm spot on the floor."""
    horizon = _horizon()
    _graded(canvas, skia.Rect(0, 0, WIDTH, horizon), 0xFF24152C, 0xFF54263C)
    for i in range(26):
        x = i * 52.0 - 14
        canvas.drawRect(skia.Rect(x, 0, x + 20, horizon), _fill(0x1E000000, 9.0))
        canvas.drawRect(skia.Rect(x + 24, 0, x + 36, horizon), _fill(0x16FF9A8A, 7.0))
    rng = np.random.default_rng(11)
    for row, sag in ((70, 46), (128, 64), (40, 92)):
        for i in range(17):
            x = i * 80 + float(rng.uniform(-9, 9))
            y = row + sag * (1 - (2 * ((x / 640) % 1.0) - 1) ** 2)
            _glow(canvas, x, y, 30, 30, 0x50FFB060)
            canvas.drawCircle(x, y, 4.2, _fill(0xE8FFE2B4, 1.8))
    _boards(canvas, 0xFF3E222C, 0xFF74443A, 0x38100408)
    _glow(canvas, WIDTH / 2, 300, 420, 420, 0x30FFB47A)
    _glow(canvas, WIDTH / 2, 615, 560, 130, 0x80FFBC80)


def shadows(spot: Array, radius: float) -> tuple[Array, Array]:
    """Centre (frames, 2) and half axes (frames, 2) in pixels of a shadow on the floor."""
    flat = spot.copy()
    flat[:, 1] = 0
    xy, scale, _ = project(flat)
    return xy, np.stack([scale * radius, scale * radius * 0.26], axis=-1)
