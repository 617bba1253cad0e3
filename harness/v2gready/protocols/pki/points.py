"""What the checker looks at in one certificate: one function for each point, each against one rule of its profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from v2gready.model.verdict import Verdict
from v2gready.protocols.pki import asn1
from v2gready.protocols.pki.asn1 import Parsed
from v2gready.protocols.pki.profiles import Point, Profiles, Rule

ED448 = "ed448"
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Place:
    """A certificate in its place in a path.

    Attributes:
        certificate: What is looked at.
        rule: What is expected of it at this point.
        profiles: Of the edition.
        at: The time, UTC.
        issuer: The next one in the path; None if nobody was found. A root is its own.
        below: Sub-CAs between it and the leaf.
        identity: What its common name has to be; None: only the form is known.
    """

    certificate: Parsed
    rule: Rule
    profiles: Profiles
    at: datetime
    issuer: Parsed | None = None
    below: int = 0
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found at a point.

    Attributes:
        verdict: pass, fail, or inconclusive where another finding leaves nothing to look at.
        expected: For people.
        seen: For people.
    """

    verdict: Verdict
    expected: str
    seen: str


def judged(good: bool, expected: str, seen: str) -> Seen:  # noqa: FBT001 - reads as a sentence
    """Pass or fail."""
    return Seen(Verdict.PASS if good else Verdict.FAIL, expected, seen)


def nothing_to_see(expected: str, seen: str) -> Seen:
    """Inconclusive."""
    return Seen(Verdict.INCONC, expected, seen)


def _list(values: Iterable[str]) -> str:
    return ", ".join(values) or NOTHING


def _canonical(place: Place) -> Seen:
    found = place.certificate.deviations
    return judged(not found, "DER", "; ".join(found) or "DER")


def _version(place: Place) -> Seen:
    found = place.certificate.version
    return judged(found == place.rule.value, f"version {place.rule.value}", f"version {found}")


def _serial(place: Place) -> Seen:
    serial = place.certificate.serial
    size = serial.bit_length() // 8 + 1
    expected = f"positive, at most {place.rule.value} octets"
    return judged(serial > 0 and size <= place.rule.value, expected, f"{serial:#x} ({size} octets)")


def _algorithm_agreement(place: Place) -> Seen:
    inner, outer = place.certificate.inner_algorithm, place.certificate.outer_algorithm
    return judged(inner == outer, f"{_algorithm(inner)} inside and outside", f"{_algorithm(outer)} outside")


def _signature_algorithm(place: Place) -> Seen:
    found = _algorithm(place.certificate.outer_algorithm)
    return judged(found in place.rule.value, " or ".join(place.rule.value), found)


def _algorithm(found: tuple[str, bytes]) -> str:
    return asn1.ALGORITHMS.get(found[0], found[0])


def _curve(place: Place) -> Seen:
    expected = " or ".join(place.rule.value)
    if not place.certificate.named_curve:
        return nothing_to_see(expected, "a curve without name")
    return judged(place.certificate.key_type in place.rule.value, expected, place.certificate.key_type)


def _named_curve(place: Place) -> Seen:
    named = place.certificate.named_curve
    return judged(named, "a named curve", "named" if named else "parameters written out")


def _size(place: Place) -> Seen:
    size = len(place.certificate.octets)
    return judged(size <= place.rule.value, f"at most {place.rule.value} octets", f"{size} octets")


def _validity(place: Place) -> Seen:
    begin, end = place.certificate.begin, place.certificate.end
    expected = f"valid at {place.at:%Y-%m-%dT%H:%M:%SZ}"
    if begin is None or end is None:
        return judged(False, expected, "a validity that is no time")
    return judged(begin <= place.at <= end, expected, f"{begin:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}")


def _validity_period(place: Place) -> Seen:
    begin, end = place.certificate.begin, place.certificate.end
    expected = f"at most {place.rule.value} days"
    if begin is None or end is None:
        return nothing_to_see(expected, "a validity that is no time")
    return judged(end - begin <= timedelta(days=place.rule.value), expected, f"{(end - begin).days} days")


def _duplicates(place: Place) -> Seen:
    found = [one.oid for one in place.certificate.extensions]
    twice = sorted({oid for oid in found if found.count(oid) > 1})
    return judged(not twice, "each extension once", f"twice: {_list(twice)}" if twice else "each once")


def _critical(place: Place) -> Seen:
    unknown = [one.oid for one in place.certificate.extensions if one.critical and one.oid not in asn1.KNOWN]
    return judged(not unknown, "no unknown critical extension", _list(unknown))


def _constraints(place: Place) -> Seen:
    expected = "CA" if place.rule.value else "no CA, and basic constraints that say so"
    found = place.certificate.authority
    if found is None:
        return judged(False, expected, "no basic constraints")
    return judged(found[0] == place.rule.value, expected, "CA" if found[0] else "no CA")


def _marked(oid: str, what: str) -> Callable[[Place], Seen]:
    def look(place: Place) -> Seen:
        found = place.certificate.find(oid)
        if found is None:
            return nothing_to_see(f"{what} marked critical", f"no {what}")
        return judged(found.critical, f"{what} marked critical", "critical" if found.critical else "not critical")

    return look


def _path_length(place: Place) -> Seen:
    allowed, found = place.rule.value, place.certificate.authority
    expected = f"path length of at most {allowed} and at least {place.below}"
    length = None if found is None else found[1]
    if length is None:
        return judged(False, expected, "no path length")
    return judged(place.below <= length <= allowed, expected, f"path length {length}, {place.below} sub-CAs below")


def _usage(place: Place) -> Seen:
    needed, forbidden = set(place.rule.value), set(place.rule.forbidden)
    if place.certificate.key_type == ED448:
        lacking = set(place.profiles.signature_only.value)
        needed, forbidden = needed - lacking, forbidden | lacking
    expected = _list(one for one in asn1.BITS if one in needed)
    if forbidden:
        expected += f"; not {_list(one for one in asn1.BITS if one in forbidden)}"
    found = place.certificate.usages
    if found is None:
        return judged(False, expected, "no key usage")
    return judged(needed <= found and not found & forbidden, expected, _list(one for one in asn1.BITS if one in found))


def _purpose(place: Place) -> Seen:
    found = place.certificate.purposes
    expected = _list(place.rule.value)
    return judged(found is not None and set(place.rule.value) <= set(found), expected, _list(found or ()))


def _subject_key_id(place: Place) -> Seen:
    found = place.certificate.subject_key_id
    return judged(found is not None, "an identifier of its key", found.hex() if found else NOTHING)


def _authority_key_id(place: Place) -> Seen:
    found = place.certificate.authority_key_id
    if found is None:
        return judged(place.certificate.self_issued, "the identifier of the issuer's key", NOTHING)
    if place.issuer is None or place.issuer.subject_key_id is None:
        return nothing_to_see("the identifier of the issuer's key", f"{found.hex()}, and no issuer to compare with")
    wanted = place.issuer.subject_key_id
    return judged(found == wanted, wanted.hex(), found.hex())


def _domain_component(place: Place) -> Seen:
    found = place.certificate.name("DC")
    return judged(found == (place.rule.value,), f"DC={place.rule.value}", _list(f"DC={one}" for one in found))


def _identity(place: Place) -> Seen:
    form = place.profiles.names[place.rule.value]
    found = place.certificate.name("CN")
    if place.identity is not None:
        return judged(found == (place.identity,), f"CN={place.identity}", _list(f"CN={one}" for one in found))
    good = len(found) == 1 and form.pattern.fullmatch(found[0]) is not None
    return judged(good, f"CN is {form.sentence}", _list(f"CN={one}" for one in found))


def _attributes(place: Place) -> Seen:
    found = [kind for kind, _ in place.certificate.names]
    return judged(sorted(found) == sorted(place.rule.value), f"{_list(place.rule.value)} and no more", _list(found))


def _ocsp_address(place: Place) -> Seen:
    found = place.certificate.ocsp_urls
    return judged(any(found), "the URL of an OCSP responder", _list(found))


LOOKS: Mapping[Point, Callable[[Place], Seen]] = MappingProxyType(
    {
        Point.CANONICAL_DER: _canonical,
        Point.VERSION: _version,
        Point.SERIAL: _serial,
        Point.ALGORITHM_AGREEMENT: _algorithm_agreement,
        Point.SIGNATURE_ALGORITHM: _signature_algorithm,
        Point.CURVE: _curve,
        Point.NAMED_CURVE: _named_curve,
        Point.SIZE: _size,
        Point.VALIDITY: _validity,
        Point.VALIDITY_PERIOD: _validity_period,
        Point.DUPLICATE_EXTENSIONS: _duplicates,
        Point.CRITICAL_EXTENSIONS: _critical,
        Point.BASIC_CONSTRAINTS: _constraints,
        Point.BASIC_CONSTRAINTS_CRITICAL: _marked(asn1.BASIC_CONSTRAINTS, "basic constraints"),
        Point.PATH_LENGTH: _path_length,
        Point.KEY_USAGE: _usage,
        Point.KEY_USAGE_CRITICAL: _marked(asn1.KEY_USAGE, "key usage"),
        Point.EXTENDED_KEY_USAGE: _purpose,
        Point.SUBJECT_KEY_ID: _subject_key_id,
        Point.AUTHORITY_KEY_ID: _authority_key_id,
        Point.DOMAIN_COMPONENT: _domain_component,
        Point.IDENTITY: _identity,
        Point.ATTRIBUTES: _attributes,
        Point.OCSP_ADDRESS: _ocsp_address,
    }
)
"""Points of one certificate; those of the chain are in `checker`."""
