"""Writing the formats of media by hand, also where they contradict themselves."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

# MP4 and QuickTime: boxes.

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"udta", b"mvex")


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """A box; `size` lies about how long it is."""
    return struct.pack(">I4s", 8 + len(body) if size is None else size & 0xFFFFFFFF, kind) + body


def full_box(kind: bytes, body: bytes) -> bytes:
    """A box with version and flags of 0."""
    return box(kind, bytes(4) + body)


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """The boxes that lie in `data`, each as (kind, body)."""
    found, place = [], 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        size = size or len(data) - place
        found.append((kind, data[place + 8 : place + size]))
        place += size
    return found


def edited(data: bytes, kind: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Replace every box of a kind, wherever it lies, by what `change` makes of its body."""
    parts = []
    for name, body in boxes(data):
        if name == kind:
            parts.append(change(body))
        elif name in PARENTS:
            parts.append(box(name, edited(body, kind, change)))
        else:
            parts.append(box(name, body))
    return b"".join(parts)


def poked(kind: bytes, place: int, value: bytes) -> Callable[[bytes], bytes]:
    """Return a change that writes `value` at `place` of a box's body."""
    return lambda body: box(kind, body[:place] + value + body[place + len(value) :])


# H.264: the parameter set that says how large pictures are.


def _unsigned(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def sps(width: int, height: int) -> bytes:
    """A sequence parameter set of a baseline stream of that size (clause 7.3.2.1 of H.264)."""
    bits = f"{66:08b}{0:08b}{62:08b}" + "".join(_unsigned(n) for n in (0, 0, 2, 1)) + "0"
    bits += _unsigned(width // 16 - 1) + _unsigned(height // 16 - 1) + "1100" + "1"
    bits += "0" * (-len(bits) % 8)
    raw = bytes(int(bits[n : n + 8], 2) for n in range(0, len(bits), 8))
    return b"\x67" + raw.replace(b"\0\0\1", b"\0\0\3\1").replace(b"\0\0\0", b"\0\0\3\0")


PPS = bytes.fromhex("68ce3880")


# Matroska: elements.

UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"
"""A length that says: until something else begins."""


def length(value: int) -> bytes:
    """A length in eight bytes."""
    return (1 << 56 | value).to_bytes(8, "big")


def element(identity: int, body: bytes, size: bytes | None = None) -> bytes:
    """An element; `size` lies about how long it is."""
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (length(len(body)) if size is None else size) + body


def number(identity: int, value: int) -> bytes:
    return element(identity, value.to_bytes(8, "big"))


def real(identity: int, value: float) -> bytes:
    return element(identity, struct.pack(">d", value))


EBML = element(0x1A45DFA3, element(0x4282, b"matroska") + number(0x4287, 4) + number(0x4285, 2))


def matroska(*parts: bytes) -> bytes:
    """A file with these elements in its one segment."""
    return EBML + element(0x18538067, b"".join(parts))


def track(codec: bytes, width: int, height: int, *more: bytes) -> bytes:
    """A Tracks element with one picture track."""
    shape = element(0xE0, number(0xB0, width) + number(0xBA, height))
    entry = number(0xD7, 1) + number(0x73C5, 1) + number(0x83, 1) + element(0x86, codec)
    return element(0x1654AE6B, element(0xAE, entry + shape + b"".join(more)))


def cluster(*frames: bytes, time: int = 0) -> bytes:
    """A cluster of key frames, a millisecond apart."""
    blocks = [
        element(0xA3, b"\x81" + struct.pack(">hB", n % 32_000, 0x80) + frame)
        for n, frame in enumerate(frames)
    ]
    return element(0x1F43B675, number(0xE7, time) + b"".join(blocks))


# Pictures.


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size; its pixels are a few zeros."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def gif(width: int, height: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"


def bmp(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def webp(width: int, height: int) -> bytes:
    frame = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(40)
    body = b"WEBPVP8 " + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg(width: int, height: int) -> bytes:
    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"


# Sound.


def wav(
    samples: bytes,
    rate: int = 48_000,
    channels: int = 1,
    bits: int = 16,
    tag: int = 1,
    align: int | None = None,
    claim: int | None = None,
) -> bytes:
    """A WAV file; `claim` is how long its data chunk says that it is."""
    step = channels * bits // 8 if align is None else align
    form = struct.pack(
        "<HHIIHH", tag, channels & 0xFFFF, rate, rate * step & 0xFFFFFFFF, step & 0xFFFF, bits
    )
    told = len(samples) if claim is None else claim
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", told)
    return b"RIFF" + struct.pack("<I", min(36 + told, 0xFFFFFFFF)) + body + samples


def aiff(rate: bytes, frames: int, samples: bytes) -> bytes:
    """An AIFF file whose rate is an 80-bit number of any kind."""
    common = b"COMM" + struct.pack(">IHIH", 18, 1, frames, 16) + rate
    sound = b"SSND" + struct.pack(">III", len(samples) + 8, 0, 0) + samples
    body = b"AIFF" + common + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def _crc(data: bytes, polynomial: int, width: int) -> int:
    top, mask, value = 1 << width - 1, (1 << width) - 1, 0
    for byte in data:
        value ^= byte << width - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
    return value


def flac_silence(frames: int, total: int | None = None) -> bytes:
    """A FLAC file of silence: 16,384 samples at 44.1 kHz in each frame of a dozen bytes."""
    size = 16_384
    info = struct.pack(">HH", size, size) + bytes(6)
    claimed = frames * size if total is None else total
    info += (44_100 << 44 | 0 << 41 | 15 << 36 | claimed).to_bytes(8, "big") + bytes(16)
    parts = [b"fLaC\x80" + len(info).to_bytes(3, "big") + info]
    for index in range(frames):
        head = b"\xff\xf8" + bytes([0xE9, 0x08]) + chr(index).encode("utf-8", "surrogatepass")
        head += bytes([_crc(head, 0x07, 8)])
        frame = head + b"\x00\x00\x00"
        parts.append(frame + _crc(frame, 0x8005, 16).to_bytes(2, "big"))
    return b"".join(parts)


def synchsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(*frames: tuple[bytes, bytes], claim: int | None = None, flags: bytes = b"\0\0") -> bytes:
    """An ID3v2.4 tag; `claim` lies about its length."""
    body = b"".join(name + synchsafe(len(data)) + flags + data for name, data in frames)
    return b"ID3\x04\0\0" + synchsafe(len(body) if claim is None else claim) + body


def ogg_page(body: bytes, serial: int, sequence: int, granule: int, kind: int = 0) -> bytes:
    """A page with a right checksum, whatever it says."""
    table = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, granule, serial, sequence, 0, len(table))
    crc = 0
    for byte in head + table + body:
        crc = (crc << 8 ^ _OGG[crc >> 24 ^ byte]) & 0xFFFFFFFF
    return head[:22] + struct.pack("<I", crc) + head[26:] + table + body


def _table_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = (value << 1 ^ 0x04C11DB7 if value & 1 << 31 else value << 1) & 0xFFFFFFFF
    return value


_OGG = [_table_entry(value) for value in range(256)]
