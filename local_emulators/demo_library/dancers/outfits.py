"""What the couple wears in each session."""

from .figures import Outfit

OUTFITS = {
    "studio": Outfit(
        leader_skin=0xFFC68A62, leader_hair=0xFF2A1C16, shirt=0xFFF1ECE2, trousers=0xFF2C3142,
        leader_shoes=0xFF241C1A, follower_skin=0xFFD79B76, follower_hair=0xFF4A2A1A,
        dress=0xFFB3243C, follower_shoes=0xFFC9A27A, lips=0xFFB0343E,
    ),
    "evening": Outfit(
        leader_skin=0xFF9C6646, leader_hair=0xFF17110F, shirt=0xFF3A4A6E, trousers=0xFF1E1A22,
        leader_shoes=0xFF141014, follower_skin=0xFFC98C66, follower_hair=0xFF1F1512,
        dress=0xFFE0A030, follower_shoes=0xFFD9B98A, lips=0xFF9E2C3C,
    ),
}  # fmt: skip
