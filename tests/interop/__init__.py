"""Counterparts that nobody here wrote: their environments, their processes and the tests that meet them.

Import these helpers as ``interop.<module>``: ``conftest.py`` puts ``tests/`` on the path.
"""
