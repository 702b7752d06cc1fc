"""How alike two pictures are. Tests and benchmarks of the renderer share these."""

import numpy as np
from numpy.typing import NDArray

WINDOW = 8
"""Pixels of the side of a window."""


def ssim(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    """Return the mean structural similarity over windows of 8 x 8 (Wang and others, 2004).

    Args:

        first: Luma, 0 to 255, one row of pixels per row; what is beyond whole windows is left out.

        second: Likewise, of the same size.
    """
    a, b = _windows(first), _windows(second)
    mean_a, mean_b = a.mean(1), b.mean(1)
    both = (a * b).mean(1) - mean_a * mean_b
    one, two = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + one) * (2 * both + two)
    return float((top / ((mean_a**2 + mean_b**2 + one) * (a.var(1) + b.var(1) + two))).mean())


def psnr(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    """Return the ratio of peak signal to noise in decibels; infinite for equal pictures."""
    error = float(((first.astype(float) - second.astype(float)) ** 2).mean())
    return 10 * float(np.log10(255**2 / error)) if error else float("inf")


def _windows(luma: NDArray[np.generic]) -> NDArray[np.float64]:
    height, width = luma.shape[0] // WINDOW * WINDOW, luma.shape[1] // WINDOW * WINDOW
    cut = luma[:height, :width].astype(float)
    rows = cut.reshape(height // WINDOW, WINDOW, width // WINDOW, WINDOW)
    return rows.transpose(0, 2, 1, 3).reshape(-1, WINDOW * WINDOW)
