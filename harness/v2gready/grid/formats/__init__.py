"""Recordings from files and into files: COMTRADE, CSV, Parquet, and the mapping file that says what a channel is.

What is malformed is refused with a `RecordingError` that names file, place and remedy. What is well-formed but unfit
for a verdict (gaps, clipping, swapped phases) is read as it is; `v2gready.grid.screening` finds it.
"""
