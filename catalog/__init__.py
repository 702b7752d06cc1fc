"""Songs and clips into the library: read, cut, conform, describe, publish.

Importing this package costs nothing; `catalog.ingest` holds the door.
"""
