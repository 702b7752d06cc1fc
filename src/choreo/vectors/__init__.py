"""The vector space of music, movement and words, shared by the catalogue and the planner.

Every function returns float32 rows of unit length, so that the inner product of two rows is
their cosine. Importing this package costs nothing; numpy comes with the modules.
"""
