"""Josev (PyPI ``iso15118``): a byte oracle, a charger and a car, each a process in an environment of its own."""
