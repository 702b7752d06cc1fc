"""A bitmap font for labels drawn into the picture, drawn for this product.

Each letter is five dots wide and seven high: seven numbers, one for each row from the top, whose
five bits are the dots, the highest at the left. It needs no font of the system.
"""

import unicodedata

COLUMNS, ROWS = 5, 7

_GLYPHS = {
    " ": (0, 0, 0, 0, 0, 0, 0),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 15),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "J": (7, 2, 2, 2, 2, 18, 12),
    "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 25, 21, 19, 19, 17),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "P": (30, 17, 17, 30, 16, 16, 16),
    "Q": (14, 17, 17, 17, 21, 18, 13),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (15, 16, 16, 14, 1, 1, 30),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 17, 10, 4),
    "W": (17, 17, 17, 21, 21, 27, 17),
    "X": (17, 17, 10, 4, 10, 17, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4),
    "Z": (31, 1, 2, 4, 8, 16, 31),
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (30, 1, 1, 14, 1, 1, 30),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (14, 16, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 4, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 1, 14),
    "-": (0, 0, 0, 14, 0, 0, 0),
    ".": (0, 0, 0, 0, 0, 12, 12),
    ",": (0, 0, 0, 0, 12, 4, 8),
    ":": (0, 12, 12, 0, 12, 12, 0),
    "/": (1, 1, 2, 4, 8, 16, 16),
    "'": (4, 4, 8, 0, 0, 0, 0),
    "&": (12, 18, 20, 8, 21, 18, 13),
    "+": (0, 4, 4, 31, 4, 4, 0),
    "(": (2, 4, 8, 8, 8, 4, 2),
    ")": (8, 4, 2, 2, 2, 4, 8),
    ">": (8, 4, 2, 1, 2, 4, 8),
    "?": (14, 17, 1, 6, 4, 0, 4),
}


def drawable(text: str) -> str:
    """Return `text` in capitals without accents; `?` for what the font lacks."""
    plain = unicodedata.normalize("NFKD", text.upper())
    letters = (char for char in plain if not unicodedata.combining(char))
    return "".join(char if char in _GLYPHS else "?" for char in letters)


def rows(text: str, size: int, ink: int, paper: int) -> list[bytes]:
    """Draw one line of drawable text.

    Args:

        text: As `drawable` gives it.

        size: Pixels of a dot's side.

        ink: Grey of the letters, 0 to 255.

        paper: Grey around them.

    Returns:

        `ROWS * size` rows of `len(text) * (COLUMNS + 1) * size` pixels.
    """
    dots = {False: bytes([paper]) * size, True: bytes([ink]) * size}
    drawn = []
    for row in range(ROWS):
        line = b"".join(
            dots[bool(_GLYPHS[char][row] >> (COLUMNS - 1 - column) & 1)]
            if column < COLUMNS
            else dots[False]
            for char in text
            for column in range(COLUMNS + 1)
        )
        drawn += [line] * size
    return drawn
