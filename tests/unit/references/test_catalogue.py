"""Catalogues of faults: names are unique, and an unknown one is an error that says whose it is."""

from __future__ import annotations

import pytest

from v2gready.protocols.bending import NamedFault
from v2gready.references.catalogue import Catalogue


def test_a_fault_gets_its_name_and_is_made_anew() -> None:
    toaster: Catalogue[NamedFault] = Catalogue("reference toaster")

    @toaster.fault("burns", "Burns the toast.")
    class Burns(NamedFault):
        pass

    assert toaster.faults == {"burns": Burns}
    assert (Burns.name, Burns.sentence) == ("burns", "Burns the toast.")
    (one,), (other,) = toaster.make(["burns"]), toaster.make(["burns"])
    assert isinstance(one, Burns)
    assert one is not other


def test_a_name_is_given_once() -> None:
    toaster: Catalogue[NamedFault] = Catalogue("reference toaster")
    toaster.fault("burns", "Burns the toast.")(type("One", (NamedFault,), {}))
    with pytest.raises(ValueError, match="two faults 'burns'"):
        toaster.fault("burns", "Again.")(type("Two", (NamedFault,), {}))


def test_an_unknown_name_says_whose() -> None:
    with pytest.raises(KeyError, match="reference toaster has no fault burns"):
        Catalogue("reference toaster").make(["burns"])
