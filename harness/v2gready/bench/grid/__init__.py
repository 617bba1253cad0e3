"""Instruments of the grid bench, virtual and real: simulator, power analyser, registers. Needs the extra ``grid``.

What fails in here is the bench's own failure (`v2gready.bench.grid.drivers.InstrumentError`), never the device's.
"""
