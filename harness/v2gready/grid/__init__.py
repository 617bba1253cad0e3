"""The grid side: stimulus scripts, recordings, measurement, grid-code profiles. Needs the extra ``grid`` (NumPy).

Everything in here computes; nothing opens a file handle or a socket except where its name says so. Sign of power and
current: positive into the device (charging), as everywhere in a trace; what is called ``export`` is positive towards
the grid.
"""
