"""Devices under test that we ship: each correct by itself, and each with a catalogue of named faults."""
