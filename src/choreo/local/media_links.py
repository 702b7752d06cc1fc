"""Addresses of media that the request handler serves itself."""

from urllib.parse import quote

from choreo.media_path import MediaPath, checked_path


class ServedLinks:
    """Addresses below `/media/`, relative to the page that shows them."""

    origin = ""

    def link(self, path: MediaPath, download_name: str | None = None) -> str:
        """Return the address of `path`; with a name, the browser saves it under that name."""
        address = "/media/" + quote(checked_path(path))
        return address if download_name is None else f"{address}?download={quote(download_name)}"
