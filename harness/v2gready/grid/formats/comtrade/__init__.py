"""COMTRADE (IEEE C37.111, IEC 60255-24): editions 1991, 1999 and 2013 in, 1999 and 2013 out.

`configuration` is the CFG, `samples` the DAT, `container` the single file, `exchange` what everybody else needs.
"""

from v2gready.grid.formats.comtrade.configuration import Configuration, Form
from v2gready.grid.formats.comtrade.exchange import (
    ComtradeFile,
    read_cff,
    read_comtrade,
    write_cff,
    write_comtrade,
)
from v2gready.grid.formats.errors import RecordingError

__all__ = [
    "ComtradeFile",
    "Configuration",
    "Form",
    "RecordingError",
    "read_cff",
    "read_comtrade",
    "write_cff",
    "write_comtrade",
]
