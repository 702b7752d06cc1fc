"""Reading back a picture that this package wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo.decoding import open_picture
from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_picture(file: Path) -> NDArray[np.uint8]:
    """Return the RGB pixels of a JPEG, shape (h, w, 3).

    Raises:

        UnreadableMedia: When it is none.
    """
    import av

    try:
        with open_picture(file) as container:
            frame = next(container.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (av.FFmpegError, StopIteration, OSError) as exc:
        raise UnreadableMedia(f"{file.name} is not a readable picture") from exc
