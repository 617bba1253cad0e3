"""V2G-ready conformance harness: plays every neighbour of a device under test and judges the trace."""

__version__ = "0.1.0"
