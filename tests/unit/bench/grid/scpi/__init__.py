"""Fake instruments in a process of their own: written from the public drivers, knowing nothing of our command sets."""
