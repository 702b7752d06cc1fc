"""Files that mean harm, some two hundred, made from seeds: nothing of them is stored anywhere.

Where a file refers to something else, it refers to a canary file that nobody may read, or to an
address that nobody may ask.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hostile_bases as bases
import media_bytes as write
from media_bytes import box, edited, element, full_box, matroska, number, poked, real, wav

CANARY = b"CANARY-7f3a: what stands here is nobody's business"

HUGE = 100_000
"""Pixels a side of a picture that nobody can hold."""


@dataclass(frozen=True)
class Hostile:
    """One file."""

    family: str
    name: str
    """File name; its suffix says as what it pretends to be."""
    data: bytes
    seconds: float = 0.0
    """What it truly lasts, where that is more than a minute: it may take its time."""


@dataclass(frozen=True)
class Bait:
    """What hostile files refer to."""

    file: Path
    """Holds `CANARY`."""
    address: str
    """`host:port` on which somebody listens who must never be asked."""


def corpus(bait: Bait) -> list[Hostile]:
    """Return all files, always the same ones; names are unique."""
    made = [
        *_truncated(),
        *_flipped(),
        *_boxes(bait),
        *_pixels(),
        *_lists(bait),
        *_long_silence(),
        *_tags(),
        *_broken_sound(),
        *_matroska(bait),
        *_transport(),
        *_strangers(bait),
        *_names(),
    ]
    names = [item.name for item in made]
    assert len(set(names)) == len(names), sorted({n for n in names if names.count(n) > 1})
    return made


def _bases() -> Iterator[tuple[str, bytes]]:
    for suffix in bases.CLIPS:
        yield suffix, bases.clip(suffix)
    for suffix in bases.SONGS:
        yield suffix, bases.song(suffix)


def _truncated() -> Iterator[Hostile]:
    for suffix, data in _bases():
        for percent in (1, 40, 99):
            cut = data[: max(20, len(data) * percent // 100)]
            yield Hostile("truncated", f"cut_at_{percent}_percent.{suffix}", cut)


def _flipped() -> Iterator[Hostile]:
    for suffix, data in _bases():
        for seed, (flips, within) in enumerate(((12, 600), (40, None), (2_000, None))):
            chance = random.Random(f"{suffix} {seed}")
            damaged = bytearray(data)
            for _ in range(flips):
                damaged[chance.randrange(8, min(within or len(data), len(data)))] ^= (
                    1 << chance.randrange(8)
                )
            yield Hostile("flipped", f"{flips}_bits_flipped.{suffix}", bytes(damaged))
        # An mp4's index lies at its end; that is where flips hurt.
        if suffix in ("mp4", "m4a", "mov"):
            damaged = bytearray(data)
            chance = random.Random(suffix)
            start = data.rindex(b"moov")
            for _ in range(25):
                damaged[chance.randrange(start, len(data))] ^= 1 << chance.randrange(8)
            yield Hostile("flipped", f"index_flipped.{suffix}", bytes(damaged))


def _boxes(bait: Bait) -> Iterator[Hostile]:
    def made(name: str, data: bytes) -> Hostile:
        return Hostile("boxes", f"{name}.mp4", data)

    good = bases.clip("mp4")
    most = b"\xff\xff\xff\xff"
    many = b"\x7f\xff\xff\xff"
    changes: dict[str, tuple[bytes, int, bytes]] = {
        "stsz_counts_2_to_31": (b"stsz", 8, many),
        "stsz_says_4_gib_each": (b"stsz", 4, most),
        "stts_counts_2_to_31": (b"stts", 4, many),
        "stts_run_of_2_to_31": (b"stts", 8, many),
        "stts_steps_of_2_to_32": (b"stts", 12, most),
        "stts_steps_back": (b"stts", 12, b"\xff\xff\x00\x00"),
        "stsc_counts_2_to_31": (b"stsc", 4, many),
        "stsc_chunk_of_2_to_31": (b"stsc", 12, many),
        "stco_counts_2_to_31": (b"stco", 4, many),
        "stco_points_outside": (b"stco", 8, most),
        "stsd_counts_2_to_31": (b"stsd", 4, many),
        "stss_counts_2_to_31": (b"stss", 4, many),
        "elst_counts_2_to_31": (b"elst", 4, many),
        "elst_lasts_for_ever": (b"elst", 8, most),
        "elst_starts_before_time": (b"elst", 12, b"\x80\x00\x00\x01"),
        "mvhd_without_a_clock": (b"mvhd", 12, bytes(4)),
        "mdhd_without_a_clock": (b"mdhd", 12, bytes(4)),
        "mdhd_clock_of_2_to_32": (b"mdhd", 12, most),
        "mdhd_lasts_2_to_32": (b"mdhd", 16, most),
        "tkhd_of_65535": (b"tkhd", 76, most * 2),
        "dref_counts_2_to_31": (b"dref", 4, many),
    }
    for name, (kind, place, value) in changes.items():
        yield made(name, edited(good, kind, poked(kind, place, value)))

    yield made("box_of_length_0_first", box(b"free", b"", 0) + good)
    yield made("box_of_length_1", struct.pack(">I4sQ", 1, b"free", 1 << 63) + good)
    yield made("box_of_length_4", good[:28] + box(b"free", b"", 4) + good[28:])
    yield made(
        "box_longer_than_the_file", edited(good, b"mvhd", lambda b: box(b"mvhd", b, 1 << 31))
    )
    yield made("no_packets", edited(good, b"mdat", lambda _: b""))
    yield made("index_only", box(b"ftyp", b"isom\0\0\2\0isom") + good[good.rindex(b"moov") - 4 :])
    nested = b""
    for _ in range(5_000):
        nested = box(b"moov", nested)
    yield made("moov_in_moov_5000_deep", good[:28] + nested)
    nested = b""
    for _ in range(5_000):
        nested = box(b"udta", box(b"meta", nested))
    yield made("udta_in_meta_5000_deep", edited(good, b"mvhd", lambda b: box(b"mvhd", b) + nested))
    yield made("a_million_bytes_of_empty_boxes", box(b"free") * 125_000 + good)
    track = next(b for k, b in write.boxes(dict(write.boxes(good))[b"moov"]) if k == b"trak")
    yield made(
        "a_thousand_tracks",
        edited(good, b"mvhd", lambda b: box(b"mvhd", b) + box(b"trak", track) * 1000),
    )
    bomb = zlib.compress(bytes(60_000_000), 9)
    packed = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", 60_000_000) + bomb)
    yield made("compressed_index_of_60_mb", good[:28] + box(b"moov", box(b"cmov", packed)))
    small = struct.pack(">I", 0x7FFFFFFF) + zlib.compress(b"moov")
    packed = box(b"dcom", b"zlib") + box(b"cmvd", small)
    yield made("compressed_index_says_2_gib", good[:28] + box(b"moov", box(b"cmov", packed)))
    entry = box(b"trun", b"\0\0\2\1" + many + bytes(64))
    fragment = box(b"moof", box(b"traf", full_box(b"tfhd", b"\0\0\0\1") + entry))
    yield made("fragment_of_2_to_31_samples", good + fragment)
    index = full_box(b"sidx", bytes(16) + b"\0\0\xff\xff" + (b"\x80\0\0\0" + bytes(8)) * 1000)
    yield made("index_of_itself", good[:28] + index + good[28:])
    yield made("pssh_of_2_gib", good[:28] + full_box(b"pssh", bytes(16) + many) + good[28:])

    # A track whose packets lie in another file, or at an address.
    for name, (kind, target) in {
        "a_file": (b"url ", f"file://{bait.file}".encode()),
        "a_relative_file": (b"url ", bait.file.name.encode()),
        "an_address": (b"url ", f"http://{bait.address}/x".encode()),
        "a_name": (b"urn ", f"urn:x\0{bait.file}".encode()),
        "an_alias": (b"alis", _alias(bait)),
    }.items():
        outside = full_box(b"dref", b"\0\0\0\1" + full_box(kind, target + b"\0"))
        yield made(f"track_lies_in_{name}", edited(good, b"dref", lambda _, o=outside: o))
    link = box(
        b"rmda",
        full_box(
            b"rdrf",
            b"url " + struct.pack(">I", 64) + f"http://{bait.address}/m".encode().ljust(64, b"\0"),
        ),
    )
    yield made("movie_is_elsewhere", good[:28] + box(b"moov", box(b"rmra", link)))


def _alias(bait: Bait) -> bytes:
    """An alias record as QuickTime has it, by the file's whole path."""
    path = str(bait.file).encode()
    record = bytearray(150)
    record[10:12], record[50] = b"\x00\x04", min(63, len(bait.file.name))
    return bytes(record) + struct.pack(">hH", 18, len(path)) + path + struct.pack(">hH", -1, 0)


def _with_parameters(data: bytes, parameters: bytes, width: int, height: int) -> bytes:
    """Give an mp4's picture track another decoder configuration, and another size."""
    config = b"\x01\x42\x00\x3e\xff\xe1" + struct.pack(">H", len(parameters)) + parameters
    config += b"\x01" + struct.pack(">H", len(write.PPS)) + write.PPS

    def changed(body: bytes) -> bytes:
        place = body.find(b"avcC")
        if place < 0:
            return box(b"stsd", body)
        (old,) = struct.unpack_from(">I", body, place - 4)
        entry = body[8 : place - 4] + box(b"avcC", config) + body[place - 4 + old :]
        size = struct.pack(">HH", min(width, 65_535), min(height, 65_535))
        entry = struct.pack(">I", len(entry)) + entry[4:32] + size + entry[36:]
        return box(b"stsd", body[:8] + entry)

    return edited(data, b"stsd", changed)


def _pixels() -> Iterator[Hostile]:
    def made(name: str, data: bytes) -> Hostile:
        return Hostile("pixels", name, data)

    good = bases.clip("mp4")
    size = poked_size = struct.pack(">HH", 65_535, 65_535)
    yield made("h264_of_100000.mp4", _with_parameters(good, write.sps(HUGE, HUGE), HUGE, HUGE))
    yield made("h264_of_16384.mp4", _with_parameters(good, write.sps(16_384, 16_384), 320, 180))
    yield made("h264_of_100000_by_16.mp4", _with_parameters(good, write.sps(HUGE, 16), 320, 180))
    place = good.index(b"avc1") + 28
    yield made("entry_of_65535.mp4", good[:place] + size + good[place + 4 :])
    stream = b"\0\0\0\1" + write.sps(HUGE, HUGE) + b"\0\0\0\1" + write.PPS + b"\0\0\0\1\x65\x88\x84"
    yield made("annex_b_of_100000.mp4", stream + bytes(2000))
    transport = bytearray(bases.clip("ts"))
    at = transport.find(b"\0\0\1\xb3")
    while at >= 0:
        transport[at + 4 : at + 7] = b"\xff\xff\xff"
        at = transport.find(b"\0\0\1\xb3", at + 4)
    yield made("mpeg2_of_4095.ts", bytes(transport))
    moving = bytearray(bases.clip("mov"))
    at = moving.find(b"\xff\xc0")
    while at >= 0:
        moving[at + 5 : at + 9] = poked_size
        at = moving.find(b"\xff\xc0", at + 9)
    yield made("jpegs_of_65535.mov", bytes(moving))
    listed = bytearray(bases.clip("avi"))
    at = listed.index(b"strf") + 12
    listed[at : at + 8] = struct.pack("<ii", HUGE, HUGE)
    yield made("avi_of_100000.avi", bytes(listed))
    vp8 = b"\x10\x00\x00\x9d\x01\x2a" + b"\xff\x3f\xff\x3f" + bytes(60)
    vp9 = bytes.fromhex("82498342") + struct.pack(">HH", 0xFFFF, 0xFFFF) + bytes(60)
    av1 = bytes.fromhex("0a0b0000002cffffffffffb008") + bytes(40)
    for codec, frame in ((b"V_VP8", vp8), (b"V_VP9", vp9), (b"V_AV1", av1)):
        name = codec.decode().lower()
        info = element(0x1549A966, number(0x2AD7B1, 1_000_000) + real(0x4489, 5_000.0))
        for claimed in (HUGE, 320):
            body = matroska(info, write.track(codec, claimed, claimed), write.cluster(*[frame] * 9))
            yield made(f"{name}_says_{claimed}.webm", body)
    pictures = {
        "png": write.png(HUGE, HUGE),
        "gif": write.gif(65_535, 65_535),
        "bmp": write.bmp(HUGE, HUGE),
        "webp": write.webp(16_383, 16_383),
        "jpg": write.jpeg(65_535, 65_535),
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="{HUGE}" height="{HUGE}"/>'.encode(),
    }
    for kind, data in pictures.items():
        yield made(f"{kind}_of_100000.{kind}", data)
        yield made(f"{kind}_of_100000_renamed.mp4", data)
        yield made(f"{kind}_of_100000_renamed.mp3", data)


def _lists(bait: Bait) -> Iterator[Hostile]:
    file, web = str(bait.file), f"http://{bait.address}/part.ts"
    m3u8 = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n{}#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    texts = {
        "playlist_of_a_file": m3u8.format("", file),
        "playlist_of_a_file_url": m3u8.format("", f"file://{file}"),
        "playlist_of_an_address": m3u8.format("", web),
        "playlist_of_a_concat": m3u8.format("", f"concat:{file}|{file}"),
        "playlist_of_a_subfile": m3u8.format("", f"subfile,,start,0,end,64,,:{file}"),
        "playlist_of_a_cipher": m3u8.format("", f"crypto:{file}"),
        "playlist_with_a_key": m3u8.format(f'#EXT-X-KEY:METHOD=AES-128,URI="{web}"\n', file),
        "playlist_with_a_map": m3u8.format(f'#EXT-X-MAP:URI="{file}"\n', web),
        "playlist_of_playlists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"
        + web.replace("ts", "m3u8"),
        "playlist_of_itself": m3u8.format("", "playlist_of_itself.mp4"),
        "concat_of_a_file": f"ffconcat version 1.0\nfile '{file}'\n",
        "concat_of_an_address": f"ffconcat version 1.0\nfile '{web}'\n",
        "concat_of_itself": "ffconcat version 1.0\nfile 'concat_of_itself.mp4'\n" * 50,
        "concat_with_options": f"ffconcat version 1.0\nfile x\noption safe 0\nfile {file}\n",
        "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {bait.address.split(':')[1]} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "manifest": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f'<Period><BaseURL>{web}</BaseURL><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{file}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
        "smooth": f'<SmoothStreamingMedia><StreamIndex Url="{web}"/></SmoothStreamingMedia>',
        "asx": f'<ASX version="3"><ENTRY><REF HREF="{web}"/></ENTRY></ASX>',
        "xspf": f'<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><location>file://{file}</location></track></trackList></playlist>',
        "pls": f"[playlist]\nFile1={web}\nNumberOfEntries=1\n",
        "ram": f"rtsp://{bait.address}/x\n",
        "quicktime_link": '<?xml version="1.0"?>'
        f'<?quicktime type="application/x-quicktime-media-link"?><embed src="{web}"/>',
        "rtsptext": f"RTSPtextRTSP://{bait.address}/x",
        "avisynth": f'DirectShowSource("{file}")\n',
        "metadata": f";FFMETADATA1\ntitle={file}\n",
        "subtitles": f"1\n00:00:00,000 --> 99:59:59,999\n<font face='{file}'>x</font>\n" * 2_000,
        "subtitles_with_a_font": f"[Script Info]\nScriptType: v4.00+\n[Fonts]\nfontname: {file}\n"
        + "M" * 80_000,
        "subtitles_elsewhere": "# VobSub index file, v7 (do not modify this line!)\n"
        f"langidx: 0\nid: en, index: 0\nfile: {file}\n"
        "timestamp: 00:00:00:000, filepos: 000000000\n",
        "captions_of_the_web": f"WEBVTT\n\nSTYLE\n@import url({web});\n\n"
        + "00:00.000 --> 99:00:00.000\nx\n\n" * 2_000,
        "composition": '<?xml version="1.0"?><CompositionPlaylist '
        'xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uuid:0</Id>'
        f"<Path>{file}</Path></CompositionPlaylist>",
        "script": f"import vapoursynth as vs\nopen({file!r}).read()\n",
        "colours_of_a_terminal": "\x1b[2J\x1b]0;`touch escaped`\x07\x1b[31m" * 5_000,
        "external_picture": '<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{web}"/></svg>',
        "entities": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}">]><svg xmlns="http://www.w3.org/2000/svg"><text>&e;</text></svg>',
    }
    for name, text in texts.items():
        yield Hostile("lists", f"{name}.mp4", text.encode())
    for name in ("playlist_of_a_file", "playlist_of_an_address", "concat_of_a_file", "session"):
        data = texts[name].encode()
        yield Hostile("lists", f"{name}.mp3", data)
        yield Hostile("lists", f"{name}.ts", data)
    kinds = {
        "m3u8": "playlist_of_a_file",
        "ffconcat": "concat_of_a_file",
        "sdp": "session",
        "mpd": "manifest",
        "txt": "concat_of_a_file",
    }
    for suffix, name in kinds.items():
        yield Hostile("lists", f"{name}_by_its_name.{suffix}", texts[name].encode())


def _long_silence() -> Iterator[Hostile]:
    def made(name: str, data: bytes, seconds: float = 0.0) -> Hostile:
        return Hostile("silence", name, data, seconds)

    yield made("an_hour_at_1_hertz.wav", wav(bytes(1_000), rate=1, bits=8))
    yield made("a_quarter_of_an_hour_at_1_hertz.wav", wav(b"\x80\x90" * 450, rate=1, bits=8))
    yield made(
        "hours_at_4_hertz_in_adpcm.wav", wav(bytes(1_024), rate=4, bits=4, tag=0x11, align=256)
    )
    yield made("half_an_hour_of_laws.wav", wav(bytes(14_000), rate=8, bits=8, tag=6))
    yield made("says_4_gib.wav", wav(bytes(2_000), claim=0xFFFFFFFF))
    yield made(
        "says_4_gib_and_has_music.wav",
        bases.song("wav")[:40] + b"\xff" * 4 + bases.song("wav")[44:],
    )
    yield made("ten_hours_of_nothing.flac", write.flac_silence(2_000, 44_100 * 36_000), 743)
    yield made("half_an_hour_of_nothing.flac", write.flac_silence(4_800), 1_783)
    yield made("too_long_in_frames.flac", write.flac_silence(6_000), 1_830)
    good = bases.song("m4a")
    yield made(
        "steps_of_hours.m4a",
        edited(good, b"stts", lambda _: full_box(b"stts", struct.pack(">III", 1, 400, 0x7FFFFFFF))),
    )
    still = edited(
        bases.clip("mp4"),
        b"stts",
        lambda _: full_box(b"stts", struct.pack(">III", 1, 4000, 90_000 * 60)),
    )
    yield made("a_picture_a_minute.mp4", still)
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000) + real(0x4489, 3.6e15))
    frame = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00" + bytes(200)
    late = write.cluster(frame, time=1 << 62)
    body = matroska(info, write.track(b"V_VP8", 320, 180), write.cluster(frame), late)
    yield made("a_frame_in_a_million_years.webm", body)
    head = b"OpusHead\x01\x01\x00\x00" + struct.pack("<IHB", 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 0) + struct.pack("<I", 0)
    pages = [write.ogg_page(head, 7, 0, 0, 2), write.ogg_page(tags, 7, 1, 0)]
    for n in range(40):
        pages.append(write.ogg_page(b"\xf8\xff\xfe", 7, n + 2, 48_000 * 3_600 * (n + 1)))
    yield made("jumps_of_an_hour.ogg", b"".join(pages))
    loud = write.ogg_page(b"\xf8\xff\xfe", 7, 2, (1 << 62) - 1, 4)
    yield made("ends_at_the_end_of_time.ogg", b"".join(pages[:2]) + loud)


def _tags() -> Iterator[Hostile]:
    song = bases.song("mp3")

    def made(name: str, data: bytes, suffix: str = "mp3") -> Hostile:
        return Hostile("tags", f"{name}.{suffix}", data)

    yield made("id3_says_256_mb", write.id3((b"TIT2", b"\3x"), claim=(1 << 28) - 1) + song)
    yield made("id3_of_50000_texts", write.id3(*[(b"TXXX", b"\3k\0v")] * 50_000) + song)
    yield made("id3_title_of_1_mb", write.id3((b"TIT2", b"\3" + b"x" * 1_000_000)) + song)
    yield made(
        "id3_title_of_commands", write.id3((b"TIT2", b"\3$(touch x); `id`\0\r\n\x1b[2J")) + song
    )
    yield made(
        "id3_title_of_odd_unicode",
        write.id3((b"TIT2", "\3\u202eevil\u200b\ufeff\U0001f483".encode())) + song,
    )
    yield made("id3_title_in_broken_utf16", write.id3((b"TIT2", b"\1\xff\xfe\x00\xd8\x41")) + song)
    cover = b"\0image/png\0\3\0" + write.png(HUGE, HUGE)
    yield made("id3_cover_of_100000", write.id3((b"APIC", cover)) + song)
    bomb = struct.pack(">I", 0x0FFFFFFF) + zlib.compress(bytes(20_000_000), 9)
    yield made("id3_compressed_20_mb", write.id3((b"TIT2", bomb), flags=b"\0\x09") + song)
    yield made("id3_a_hundred_times", write.id3((b"TIT2", b"\3x")) * 100 + song)
    geob = b"\0text/plain\0../../../../etc/passwd\0x\0" + b"A" * 100
    yield made("id3_object_with_a_path", write.id3((b"GEOB", geob)) + song)
    private = b"com.apple.streaming.transportStreamTimestamp\0" + b"\xff" * 8
    yield made("id3_clock_of_2_to_64", write.id3((b"PRIV", private)) + song)
    chapters = [(b"CHAP", b"c\0" + struct.pack(">IIII", 0, 0xFFFFFFFF, 0, 0))] * 5_000
    yield made("id3_of_5000_chapters", write.id3(*chapters) + song)
    yield made("nothing_but_id3", write.id3((b"TIT2", b"\3x")))
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 0x7FFFFFFF, 0x7FFFFFFF, 1 << 31) + bytes(8)
    yield made("ape_of_2_gib", song + ape)
    flac = bases.song("flac")
    comment = struct.pack("<I", 0xFFFFFFF0) + b"x"
    block = b"\x04" + len(comment).to_bytes(3, "big") + comment
    yield made("comment_of_4_gib", flac[:42] + block + flac[42:], "flac")
    cover = (
        struct.pack(">II", 3, 9)
        + b"image/png"
        + struct.pack(">IIIIII", 0, HUGE, HUGE, 32, 0, 1 << 31)
    )
    block = b"\x06" + len(cover).to_bytes(3, "big") + cover
    yield made("picture_of_2_gib", flac[:42] + block + flac[42:], "flac")
    data = full_box(b"data", bytes(4) + write.png(HUGE, HUGE))
    item = box(b"udta", full_box(b"meta", box(b"ilst", box(b"covr", data))))
    good = edited(bases.song("m4a"), b"mvhd", lambda b: box(b"mvhd", b) + item)
    yield made("cover_of_100000", good, "m4a")
    chpl = box(b"udta", full_box(b"chpl", b"\0\0\0\0\xff" + bytes(40)))
    good = edited(bases.song("m4a"), b"mvhd", lambda b: box(b"mvhd", b) + chpl)
    yield made("255_chapters_in_40_bytes", good, "m4a")


def _broken_sound() -> Iterator[Hostile]:
    def made(name: str, data: bytes, seconds: float = 0.0) -> Hostile:
        return Hostile("sound", name, data, seconds)

    noise = random.Random(4).randbytes(40_000)
    yield made("rate_0.wav", wav(noise, rate=0))
    yield made("rate_2_to_32.wav", wav(noise, rate=0xFFFFFFFF))
    yield made("channels_0.wav", wav(noise, channels=0))
    yield made("channels_65535.wav", wav(noise, channels=65_535, align=4))
    yield made("bits_0.wav", wav(noise, bits=0))
    yield made("bits_65535.wav", wav(noise, bits=65_535, align=2))
    yield made("align_0.wav", wav(noise, align=0))
    yield made("not_numbers.wav", wav(struct.pack("<f", float("nan")) * 60_000, bits=32, tag=3))
    yield made("endless_numbers.wav", wav(struct.pack("<f", 3e38) * 60_000, bits=32, tag=3))
    yield made("an_unknown_kind.wav", wav(noise, tag=0x1234))
    yield made("rate_of_infinity.aiff", write.aiff(b"\x7f\xff" + bytes(8), 20_000, noise))
    yield made("rate_of_nothing.aiff", write.aiff(bytes(10), 20_000, noise))
    yield made(
        "frames_2_to_32.aiff", write.aiff(bytes.fromhex("400ebb80") + bytes(6), 0xFFFFFFFF, noise)
    )
    riff = bytes.fromhex("726966662e91cf11a5d628db04c10000") + struct.pack("<Q", 1 << 62)
    yield made(
        "chunks_of_2_to_62.wav", riff + bytes.fromhex("77617665f3acd3118cd100c04f8edb8a") + noise
    )
    ogg = bytearray(bases.song("ogg"))
    places = [n for n in range(len(ogg) - 4) if ogg[n : n + 4] == b"OggS"]
    wrong = bytearray(ogg)
    for place in places[2:]:
        wrong[place + 22 : place + 26] = b"\xde\xad\xbe\xef"
    yield made("wrong_checksums.ogg", bytes(wrong))
    yield made("headers_missing.ogg", bytes(ogg[places[2] :]))
    yield made(
        "pages_in_reverse.ogg",
        b"".join(
            bytes(ogg[a:b])
            for a, b in reversed(list(zip(places, [*places[1:], len(ogg)], strict=True)))
        ),
    )
    start = bytes(ogg[: places[3]]) if len(places) > 3 else bytes(ogg)
    yield made("three_hundred_songs_in_a_row.ogg", start * 300, 300)
    full = b"OggS\0\1" + bytes(20) + b"\xff" + b"\xff" * 255 + bytes(255 * 255)
    yield made("a_packet_without_end.ogg", bytes(ogg[: places[2]]) + full * 20)
    flac = bytearray(bases.song("flac"))
    for name, value in {
        "blocks_of_0.flac": bytes(4),
        "blocks_of_65535.flac": b"\xff\xff\xff\xff",
    }.items():
        data = bytearray(flac)
        data[8:12] = value
        yield made(name, bytes(data))
    data = bytearray(flac)
    data[18:26] = b"\xff" * 8
    yield made("everything_2_to_36.flac", bytes(data))
    adts = bases.song("aac")
    yield made("frames_of_length_0.aac", adts[:2000] + b"\xff\xf1\x4c\x80\x00\x1f\xfc" * 4000)
    yield made("noise.mp3", b"\xff\xfb\x90\x00" + random.Random(5).randbytes(200_000))
    headers = b"".join(b"\xff\xfb\x90\x00" + bytes(8) for _ in range(20_000))
    yield made("headers_only.mp3", headers)
    xing = bases.song("mp3")
    place = max(xing.find(b"Xing"), xing.find(b"Info"))
    data = bytearray(xing)
    data[place + 8 : place + 16] = b"\x7f\xff\xff\xff" * 2
    yield made("xing_of_2_to_31_frames.mp3", bytes(data))


def _matroska(bait: Bait) -> Iterator[Hostile]:
    def made(name: str, data: bytes) -> Hostile:
        return Hostile("matroska", f"{name}.mkv", data)

    good = bases.clip("mkv")
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000) + real(0x4489, 5_000.0))
    frame = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00" + bytes(200)
    tracks = write.track(b"V_VP8", 320, 180)
    frames = write.cluster(*[frame] * 90)

    def attached(name: bytes, size: bytes | None = None) -> bytes:
        return element(
            0x1941A469,
            element(
                0x61A7,
                element(0x466E, name)
                + element(0x4660, b"font/ttf")
                + element(0x465C, b"x" * 64, size)
                + number(0x46AE, 1),
            ),
        )

    path = str(bait.file).encode()
    yield made(
        "attachment_with_a_path", matroska(info, attached(b"../../../" + path), tracks, frames)
    )
    yield made(
        "attachment_of_2_to_56",
        matroska(info, attached(b"a", write.length((1 << 56) - 2)), tracks, frames),
    )
    yield made("a_thousand_attachments", matroska(info, *[attached(b"a")] * 1000, tracks, frames))
    shown = element(
        0xAE,
        number(0xD7, 2)
        + number(0x73C5, 2)
        + number(0x83, 0x11)
        + element(0x86, b"S_TEXT/ASS")
        + element(0x63A2, b"[Script Info]\n[Fonts]\nfontname: " + path + b"\n" + b"M" * 90_000),
    )
    words = element(0xA3, b"\x82\0\0\0" + b"0,0,Default,,0,0,0,," + b"{\\fscx99999}x" * 5_000)
    yield made(
        "subtitles_with_a_font",
        matroska(
            info,
            element(0x1654AE6B, tracks[12:] + shown),
            element(0x1F43B675, number(0xE7, 0) + words * 20),
            frames,
        ),
    )
    linked = element(
        0x1549A966,
        number(0x2AD7B1, 1_000_000)
        + element(0x3CB923, bytes(16))
        + element(0x3E83BB, path)
        + element(0x3C83AB, path)
        + element(0x3EB923, bytes(16)),
    )
    yield made("linked_segments", matroska(linked, tracks, frames))
    seek = element(
        0x114D9B74, element(0x4DBB, element(0x53AB, b"\x11\x4d\x9b\x74") + number(0x53AC, 0))
    )
    yield made("index_of_itself", matroska(seek, info, tracks, frames))
    far = element(
        0x114D9B74,
        element(0x4DBB, element(0x53AB, b"\x1c\x53\xbb\x6b") + number(0x53AC, (1 << 63) - 1)),
    )
    yield made("index_beyond_the_end", matroska(far, info, tracks, frames))
    yield made(
        "void_of_2_to_56",
        write.EBML
        + element(
            0x18538067, element(0xEC, b"", write.length((1 << 56) - 2)) + info + tracks + frames
        ),
    )
    yield made(
        "unknown_lengths",
        write.EBML
        + element(
            0x18538067,
            info + tracks + element(0x1F43B675, number(0xE7, 0), write.UNKNOWN) * 2000,
            write.UNKNOWN,
        ),
    )
    tags = b""
    for _ in range(3_000):
        tags = element(0x67C8, element(0x45A3, b"k") + tags)
    yield made(
        "tags_3000_deep", matroska(info, element(0x1254C367, element(0x7373, tags)), tracks, frames)
    )
    for scale in (0, 1, (1 << 63) - 1):
        odd = element(0x1549A966, number(0x2AD7B1, scale) + real(0x4489, 1e300))
        yield made(f"scale_of_{scale}", matroska(odd, tracks, frames))
    chapters = element(
        0x1043A770,
        element(
            0x45B9,
            b"".join(
                element(0xB6, number(0x73C4, n + 1) + number(0x91, n) + number(0x92, 1 << 60))
                for n in range(30_000)
            ),
        ),
    )
    yield made("chapters_30000", matroska(info, chapters, tracks, frames))
    bomb = zlib.compress(bytes(9_000_000), 9)
    packing = element(
        0x6D80, element(0x6240, number(0x5032, 1) + element(0x5034, number(0x4254, 0)))
    )
    yield made(
        "packets_of_9_mb_in_9_kb",
        matroska(info, write.track(b"V_VP8", 320, 180, packing), write.cluster(*[bomb] * 40)),
    )
    stripped = element(
        0x6D80,
        element(0x6240, element(0x5034, number(0x4254, 3) + element(0x4255, bytes(2_000_000)))),
    )
    yield made(
        "stripped_headers_of_2_mb",
        matroska(info, write.track(b"V_VP8", 320, 180, stripped), frames),
    )
    laced = element(0xA3, b"\x81\0\0\x84\xff" + b"\xff" * 300)
    yield made(
        "laced_without_end",
        matroska(info, tracks, element(0x1F43B675, number(0xE7, 0) + laced * 200)),
    )
    yield made("tracks_3000", matroska(info, element(0x1654AE6B, tracks[12:] * 3000), frames))
    yield made("type_of_2_to_63", EBML_OF_ANOTHER_KIND + good[40:])


def _transport() -> Iterator[Hostile]:
    def made(name: str, data: bytes) -> Hostile:
        return Hostile("transport", f"{name}.ts", data)

    # Longer than what is looked at when a file is opened.
    long, short = bases.clip("ts", 9.0), bases.clip("ts")
    yield made("tracks_that_begin_in_its_midst", long + bases.tracks_of_sound(26) + short)
    yield made("tracks_that_begin_at_its_end", long + bases.tracks_of_sound(26))
    yield made("a_hundred_tracks", short + bases.tracks_of_sound(100))
    yield made("clock_that_starts_anew", short * 3)
    yield made("the_end_first", short[len(short) // 2 // 188 * 188 :] + short)
    yield made("tables_only", b"".join(p for p in _packets(short) if p[1] & 0x40)[: 188 * 400])
    one = bytearray(short)
    for place in range(0, len(one), 188):
        one[place + 1 : place + 3] = b"\x40\x00"  # every packet says that it is a table
    yield made("nothing_but_tables", bytes(one))
    field = b"\x47\x01\x00\x30\xff" + b"\xff" * 183
    yield made("fields_longer_than_packets", short[: 188 * 40] + field * 2_000 + short)


def _packets(data: bytes) -> Iterator[bytes]:
    for place in range(0, len(data) - 187, 188):
        yield data[place : place + 188]


EBML_OF_ANOTHER_KIND = element(
    0x1A45DFA3,
    element(0x4282, b"matroska") + number(0x4287, (1 << 63) - 1) + number(0x42F7, (1 << 63) - 1),
)


def _strangers(bait: Bait) -> Iterator[Hostile]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"../../{bait.file.name}"), bytes(1_000_000))
    chance = random.Random(11)
    kinds = {
        "zip": packed.getvalue(),
        "gzip": gzip.compress(bytes(5_000_000), mtime=0),
        "html": f'<html><body><video src="http://{bait.address}/"></video></body></html>'.encode(),
        "shell": f"#!/bin/sh\ncat {bait.file}\n".encode(),
        "program": b"\x7fELF\x02\x01\x01" + bytes(500),
        "laughs": b'<!DOCTYPE l [<!ENTITY a "ha">'
        + b"".join(f'<!ENTITY a{n} "{"&a;" * 10}">'.encode() for n in range(9))
        + b"]><l>&a8;</l>",
        "pickle": b"\x80\x04\x95\x1a" + bytes(7) + b"\x8c\x05posix\x8c\x06system\x93\x8c\x04true.",
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
        "zeros": bytes(300_000),
        "ones": b"\xff" * 300_000,
        "noise": chance.randbytes(200_000),
        "one_byte": b"\x00",
        "nothing": b"",
    }
    for kind, data in kinds.items():
        yield Hostile("strangers", f"{kind}_renamed.mp4", data)
        yield Hostile("strangers", f"{kind}_renamed.mp3", data)
    yield Hostile("strangers", "two_files_in_one.mp4", bases.clip("mp4") + packed.getvalue())
    yield Hostile("strangers", "a_song_in_a_clip.mp4", bases.song("wav"))
    yield Hostile("strangers", "a_clip_as_a_song.mp3", bases.clip("mp4"))


NAMES = (
    "; touch escaped; .mp4",
    "$(touch escaped).mp4",
    "`touch escaped`.mp4",
    "| touch escaped.mp4",
    "-i -f lavfi.mp4",
    "concat:a|b.mp4",
    "http:..mp4",
    "pipe:0.mp4",
    "data:text,x.mp4",
    "frame%05d.mp4",
    "*?[a-z].mp4",
    "new\nline\r.mp4",
    "\u202e4pm.exe.mp4",
    "bell\x07\x1b[31m.mp4",
    "'; DROP TABLE moves; --.mp4",
    "💃🏽 baile.mp4",
    "..\\..\\up.mp4",
    "~root.mp4",
    "<script>alert(1)<\u2215script>.mp4",
    "x" * 200 + ".mp4",
    "CON.mp4",
    " leading and trailing .mp4",
    "a\u0301\u0301\u0301\u0301\u200b.mp4",
    "{{7*7}}${HOME}%(x)s.mp4",
)


def _names() -> Iterator[Hostile]:
    """Sound clips under names that mean something to somebody; each has bytes of its own."""
    good = bases.clip("mp4")
    for index, name in enumerate(NAMES):
        yield Hostile("names", name, good + box(b"free", index.to_bytes(2, "big")))
