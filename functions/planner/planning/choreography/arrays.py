"""Names for the kinds of array that the choreography is worked out with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Vectors and similarities, as they are stored."""

Costs = NDArray[np.float64]
"""Costs, and other numbers that are added up; infinite where something is not legal."""

Mask = NDArray[np.bool_]

Ints = NDArray[np.int64]
"""Indices."""

Small = NDArray[np.int16]
"""Numbers of moves."""
