"""Words of the domain: verdict, observation, requirement, case, trace, PICS, DUT file, run record, scheme.

Nothing here does I/O, reads a clock or knows asyncio; every other package may import it.
"""
