"""Faults that bend a device: an effect is written down when, and only when, the value differs."""

from __future__ import annotations

from v2gready.protocols.bending import Bending, NamedFault, difference


class Louder(NamedFault):
    name = "louder"

    def volume(self, volume: int) -> int:
        return min(volume + 5, 10)


class Amplifier(Bending[Louder]):
    def volume(self, volume: int) -> int:
        return self._bend("volume", volume, lambda fault, value: fault.volume(value))


def test_without_faults_every_value_passes() -> None:
    plain = Amplifier()
    assert not plain.active
    assert plain.volume(3) == 3
    assert plain.effects == []


def test_an_effect_names_fault_seam_and_values() -> None:
    bent = Amplifier([Louder()])
    assert bent.active
    assert bent.volume(10) == 10
    assert bent.effects == []
    assert bent.volume(3) == 8
    (effect,) = bent.effects
    assert (effect.fault, effect.what) == ("louder", "volume: 3 -> 8")


def test_a_fault_can_say_so_itself() -> None:
    fault = Louder()
    bent = Amplifier([fault])
    fault.took_effect("the cat left the room")
    assert [one.what for one in bent.effects] == ["the cat left the room"]


def test_faults_bend_one_after_the_other() -> None:
    bent = Amplifier([Louder(), Louder()])
    assert bent.volume(3) == 10
    assert [one.what for one in bent.effects] == ["volume: 3 -> 8", "volume: 8 -> 10"]


def test_long_values_are_cut() -> None:
    assert len(difference("", "x" * 1_000)) < 120
    assert difference(b"\x01", b"\x02") == "01 -> 02"
