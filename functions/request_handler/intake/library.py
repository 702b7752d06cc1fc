"""What there is to dance to, and what can be asked for."""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from flask import Response

from choreo.song import ListedSong
from choreo.task import MAX_QUERY_CHARS
from choreo.vocabulary import Difficulty, EnergyLevel, Style
from intake.access import Visit
from intake.answers import (
    Choice,
    Combination,
    Health,
    Limits,
    OptionsAnswer,
    SongAnswer,
    SongsAnswer,
    SongSection,
)
from intake.audio import fault_in_audio
from intake.bodies import MAX_BODY_BYTES, MAX_KEY_CHARS, MAX_SEED
from intake.choreography import known_song
from intake.doors import Doors
from intake.problems import Problem
from intake.replies import json_reply

AUDIO_URL = "/api/songs/{}/audio"

LOOKS_AT_ONCE = 16
"""A bucket answers in tens of milliseconds; a list of songs asks for each of them."""


def songs(doors: Doors, visit: Visit) -> Response:
    """List the songs; those whose audio cannot be used are marked."""
    found = doors.catalogue.listed_songs()
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as looks:
        faults = looks.map(lambda song: fault_in_audio(doors, song.audio_path), found)
        answers = [
            _song(song, fault, doors.gate.with_ticket(AUDIO_URL.format(song.id), visit.caller))
            for song, fault in zip(found, faults, strict=True)
        ]
    return json_reply(SongsAnswer(songs=answers))


def song_audio(doors: Doors, visit: Visit, song_id: str) -> Response:
    """Lead to the song's sound; the address it leads to may expire, this one does not."""
    song = known_song(doors, song_id)
    fault = fault_in_audio(doors, song.audio_path)
    if fault:
        raise Problem(HTTPStatus.NOT_FOUND, "unusable-song", f"the song cannot be heard: {fault}")
    address = doors.gate.with_ticket(doors.links.link(song.audio_path), visit.caller)
    return Response(
        status=HTTPStatus.TEMPORARY_REDIRECT,
        headers={"Location": address, "Cache-Control": "no-store"},
    )


def options(doors: Doors, _visit: Visit) -> Response:
    """List the legal values, and how many moves the library has for each."""
    counts = doors.catalogue.move_counts()

    def choices(kind: type[Difficulty] | type[EnergyLevel] | type[Style]) -> list[Choice]:
        return [
            Choice(
                value=member.value,
                label=member.value.capitalize(),
                moves=sum(count for values, count in counts.items() if member in values),
            )
            for member in kind
        ]

    return json_reply(
        OptionsAnswer(
            difficulty=choices(Difficulty),
            energy_level=choices(EnergyLevel),
            style=choices(Style),
            moves=sum(counts.values()),
            combinations=[
                Combination(
                    difficulty=difficulty, energy_level=energy_level, style=style, moves=count
                )
                for (difficulty, energy_level, style), count in sorted(
                    counts.items(), key=lambda item: (item[0][0].rank, item[0][1].rank, item[0][2])
                )
            ],
            limits=Limits(
                query_characters=MAX_QUERY_CHARS,
                body_bytes=MAX_BODY_BYTES,
                upload_bytes=doors.upload_limit if doors.librarian else 0,
                largest_seed=MAX_SEED,
                idempotency_key_characters=MAX_KEY_CHARS,
            ),
        )
    )


def health(doors: Doors, _visit: Visit) -> Response:
    """Answer if the database does."""
    doors.tasks.ping()
    return json_reply(Health())


def _song(song: ListedSong, fault: str | None, audio_url: str) -> SongAnswer:
    analysis = song.analysis
    return SongAnswer(
        id=song.id,
        title=song.title,
        artist=song.artist,
        duration=song.duration,
        tempo=analysis.tempo if analysis else None,
        confidence=analysis.confidence if analysis else None,
        sections=[
            SongSection.model_construct(**vars(section))
            for section in (analysis.sections if analysis else ())
        ],
        peaks=list(song.peaks),
        audio_url=None if fault else audio_url,
        available=fault is None,
        unavailable_because=fault,
        warnings=list(analysis.warnings) if analysis else [],
    )
