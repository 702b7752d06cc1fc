"""Choreography videos: moves that start on the count and step on the beat of a song.

Importing this package costs nothing: no numeric library and no client is loaded until the
module that needs it is used.
"""
