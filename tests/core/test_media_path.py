"""Media paths: one place says what is a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from choreo.errors import UnsafePath
from choreo.media_path import MAX_PART_BYTES, MAX_PATH_CHARS, MediaPath, checked_path

KEY = TypeAdapter(MediaPath)


@pytest.mark.parametrize(
    "path", ["a", "songs/amor/audio.mp3", "canción/ñ 1.mp4", "..a/b..c", ".hidden", "a b/c%20d?x#y"]
)
def test_a_plain_relative_key_is_left_as_it_is(path):
    assert checked_path(path) == KEY.validate_python(path) == path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty"),
        ("a" * (MAX_PATH_CHARS + 1), "characters"),
        ("ñ" * (MAX_PART_BYTES // 2 + 1), "longer than 255 bytes"),
        ("/a", "not relative"),
        ("~root/a", "not relative"),
        ("C:/a", "scheme or a drive"),
        ("gs://a/b", "scheme or a drive"),
        ("a\\b", "backslash"),
        ("a\0b", "control character"),
        ("a\x7fb", "control character"),
        ("a\ud800", "control character"),
        ("..", "'..'"),
        ("a/../b", "'..'"),
        ("a/./b", "'.'"),
        ("a//b", "''"),
        ("a/", "''"),
        ("a /b", "ends in a space or a dot"),
        ("a./b", "ends in a space or a dot"),
    ],
)
def test_anything_else_is_refused_with_its_reason(path, reason):
    with pytest.raises(UnsafePath, match="relative key such as") as raised:
        checked_path(path)
    assert reason in str(raised.value)
    with pytest.raises(ValidationError):
        KEY.validate_python(path)


@given(st.text(max_size=40))
def test_what_is_accepted_stays_below_any_root(text):
    try:
        parts = checked_path(text).split("/")
    except UnsafePath:
        return
    assert parts
    assert not {"", ".", ".."} & set(parts)
    assert not text.startswith(("/", "~"))
    assert "\\" not in text
