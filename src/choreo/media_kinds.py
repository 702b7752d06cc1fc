"""Which files can be songs and which can be clips, by the ends of their names."""

SONG_SUFFIXES = frozenset({".mp3", ".wav", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".aac"})
CLIP_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"}
    | {".3gp"}
)
