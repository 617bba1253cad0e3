"""Checks a chain against the certificate profiles of its role, point by point, octet by octet.

    for finding in check(chain_der, Role.SECC, roots=[root_der], at=now):
        ...

The answer names every point that was looked at, also those that are as they should be. A library for TLS says yes or
no, and yes to much that the profiles forbid; this says what, where and by which clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from v2gready.model.measurement import Provenance
from v2gready.model.verdict import Verdict
from v2gready.protocols.pki.asn1 import ALGORITHMS, Parsed, Unreadable, parse
from v2gready.protocols.pki.keys import Digest, PublicKey
from v2gready.protocols.pki.points import LOOKS, Place, Seen, judged, nothing_to_see
from v2gready.protocols.pki.profiles import Edition, Point, Profile, Profiles, Role, Rule, load_profiles
from v2gready.protocols.pki.revocation import Status, status_of, verifies

__all__ = ["Finding", "Point", "broken", "check"]

_DIGESTS: Mapping[str, Digest] = {
    "ecdsa-with-SHA256": hashes.SHA256(),
    "ecdsa-with-SHA384": hashes.SHA384(),
    "ecdsa-with-SHA512": hashes.SHA512(),
    "sha256WithRSAEncryption": hashes.SHA256(),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one point of one certificate showed.

    Attributes:
        point: Where was looked.
        requirement: Whose rule it is: an id of the standard, or a clause.
        verdict: pass, fail, or inconclusive where there was nothing to look at.
        expected: What should be there, for people.
        seen: What is there, for people.
        index: Of the certificate in the chain as it was given, 0 for the leaf; None for the chain as a whole.
        provenance: How well the rule is known.
    """

    point: Point
    requirement: str
    verdict: Verdict
    expected: str
    seen: str
    index: int | None
    provenance: Provenance

    @property
    def indicative(self) -> bool:
        """Whether it rests on a rule that no source confirms."""
        return self.provenance is Provenance.UNCONFIRMED


def broken(findings: Iterable[Finding], *, indicative: bool = False) -> tuple[Finding, ...]:
    """The findings that failed, by default only those that rest on more than a hypothesis."""
    return tuple(one for one in findings if one.verdict is Verdict.FAIL and (indicative or not one.indicative))


def check(
    chain: Sequence[bytes],
    role: Role,
    *,
    roots: Iterable[bytes],
    at: datetime,
    edition: Edition = Edition.ISO_20,
    identity: str | None = None,
    crls: Sequence[bytes] = (),
    responses: Sequence[bytes] = (),
) -> tuple[Finding, ...]:
    """Check a chain.

    Args:
        chain: DER, leaf first, as it came.
        role: Of the first one.
        roots: Trust anchors, DER.
        at: The time, UTC.
        edition: Whose profiles.
        identity: What the common name has to be; None: only its form is looked at.
        crls: Revocation lists, DER.
        responses: OCSP responses, DER. Without either, revocation is not looked at.

    Raises:
        ValueError: The edition knows no such role, or a trust anchor is unreadable: no fault of the chain.
    """
    if not chain:
        raise ValueError("the chain is empty: there is nothing to check")
    anchors = [_anchor(one) for one in roots]
    one = _Check(chain, role, load_profiles(edition), roots=anchors, at=at, identity=identity)
    return tuple(one.findings(crls, responses))


def _anchor(data: bytes) -> Parsed:
    try:
        return parse(data)
    except Unreadable as problem:
        raise ValueError(f"a trust anchor is unreadable: {problem}") from None


@dataclass(frozen=True, slots=True)
class _Step:
    """One certificate of the path: its place in the chain, itself, its issuer, its profile and what is below it."""

    index: int
    certificate: Parsed
    issuer: Parsed | None
    profile: Profile
    below: int


class _Check:
    def __init__(
        self,
        chain: Sequence[bytes],
        role: Role,
        profiles: Profiles,
        *,
        roots: Sequence[Parsed],
        at: datetime,
        identity: str | None,
    ) -> None:
        self._chain = chain
        self._role = role
        self._profiles = profiles
        self._profile = profiles.of(role)
        self._roots = roots
        self._at = at
        self._identity = identity
        self._parsed: dict[int, Parsed] = {}

    def findings(self, crls: Sequence[bytes], responses: Sequence[bytes]) -> Iterator[Finding]:
        yield from self._read()
        found, root = self._path()
        steps = self._steps(found, root)
        yield from self._whole(found, root)
        for step in steps:
            yield from self._one(step)
            yield self._finding(Point.SIGNATURE, _signature(step), step.index)
            if crls or responses:
                yield self._finding(Point.REVOCATION, _revocation(step, self._at, crls, responses), step.index)

    def _read(self) -> Iterator[Finding]:
        for index, data in enumerate(self._chain):
            try:
                self._parsed[index] = parse(data)
            except Unreadable as problem:
                yield self._finding(Point.READABLE, judged(False, "a certificate", str(problem)), index)
            else:
                yield self._finding(Point.READABLE, judged(True, "a certificate", "a certificate"), index)

    def _path(self) -> tuple[list[int], Parsed | None]:
        """Follow names and key identifiers from the leaf up; signatures are looked at later."""
        if 0 not in self._parsed:
            return [], None
        found, left = [0], [index for index in self._parsed if index != 0]
        while True:
            current = self._parsed[found[-1]]
            if current.octets in {one.octets for one in self._roots}:
                return found, current
            root = next((one for one in self._roots if _issued(one, current)), None)
            if root is not None:
                return found, root
            above = next((index for index in left if _issued(self._parsed[index], current)), None)
            if above is None:
                return found, None
            found.append(above)
            left.remove(above)

    def _steps(self, found: Sequence[int], root: Parsed | None) -> list[_Step]:
        if not found:
            return []
        certificates = [self._parsed[index] for index in found]
        issuers: list[Parsed | None] = [*certificates[1:], root]
        if root is None and certificates[-1].self_issued:
            issuers[-1] = certificates[-1]
        profiles = self._roles(certificates)
        return [
            _Step(index, certificate, issuer, profile, max(0, position - self._role.is_leaf))
            for position, (index, certificate, issuer, profile) in enumerate(
                zip(found, certificates, issuers, profiles, strict=True)
            )
        ]

    def _roles(self, path: Sequence[Parsed]) -> list[Profile]:
        """Which profile holds for each: the role's for the first, then from the top down the sub-CAs'."""
        roles = self._profiles.path(self._role)
        subs = [one for one in roles[1:] if not one.is_root]
        above = len(path) - 1
        crossed = above > len(subs) and _is_cross(path[-1])
        wanted = [*([roles[-1]] if crossed else []), *reversed(subs)]
        wanted += [wanted[-1] if wanted else self._role] * above
        return [self._profile, *(self._profiles.of(one) for one in reversed(wanted[:above]))]

    def _whole(self, found: Sequence[int], root: Parsed | None) -> Iterator[Finding]:
        roots = {one.octets for one in self._roots}
        inside = [index for index, one in self._parsed.items() if index and (one.self_issued or one.octets in roots)]
        subs = len(self._chain) - 1 - len(inside)
        limit = self._profile.rules[Point.CHAIN_LENGTH].value
        yield self._finding(
            Point.CHAIN_LENGTH, judged(subs <= limit, f"at most {limit} sub-CA certificates", f"{subs}"), None
        )
        left_out = f"a root at position {inside[0]}" if inside else "no root"
        yield self._finding(Point.ROOT_LEFT_OUT, judged(not inside, "no root in the chain", left_out), None)
        yield self._finding(Point.TRUST, self._trust(found, root), None)
        yield self._finding(Point.CHAIN_ORDER, self._order(found, root, inside), None)
        if self._role.is_leaf:
            seen = nothing_to_see("issued by a sub-CA", "no issuer")
            if len(found) > 1:
                seen = judged(True, "issued by a sub-CA", "issued by a sub-CA")
            elif root is not None:
                seen = judged(False, "issued by a sub-CA", "issued by a root")
            yield self._finding(Point.ISSUED_BY_SUB_CA, seen, 0)

    def _trust(self, found: Sequence[int], root: Parsed | None) -> Seen:
        expected = "a path to a trusted root"
        if not found:
            return nothing_to_see(expected, "an unreadable leaf")
        if root is not None:
            return judged(True, expected, _told(root))
        last = self._parsed[found[-1]]
        if last.self_issued:
            return judged(False, expected, f"a root that nobody trusts: {_told(last)}")
        same = [one for one in self._roots if one.subject == last.issuer]
        why = "a trusted root has that name and another key" if same else "nobody of that name is there"
        return judged(False, expected, f"the issuer of certificate {found[-1]} is missing: {why}")

    def _order(self, found: Sequence[int], root: Parsed | None, inside: Sequence[int]) -> Seen:
        expected = "each certificate before its issuer, none without use"
        if root is None:
            return nothing_to_see(expected, "no path")
        shown = [index for index in range(len(self._chain)) if index not in inside or index in found]
        return judged(list(found) == shown, expected, f"the path takes {', '.join(map(str, found))}")

    def _one(self, step: _Step) -> Iterator[Finding]:
        for point, look in LOOKS.items():
            rule = step.profile.rules.get(point)
            if rule is None:
                continue
            identity = self._identity if step.index == 0 else None
            place = Place(step.certificate, rule, self._profiles, self._at, step.issuer, step.below, identity)
            yield self._finding(point, look(place), step.index, rule)

    def _finding(self, point: Point, seen: Seen, index: int | None, rule: Rule | None = None) -> Finding:
        by = rule or self._profile.rules[point]
        return Finding(point, by.clause, seen.verdict, seen.expected, seen.seen, index, by.provenance)


def _issued(above: Parsed, below: Parsed) -> bool:
    """Whether names and, where both have them, key identifiers say so."""
    if above.subject != below.issuer or above.octets == below.octets:
        return False
    wanted, has = below.authority_key_id, above.subject_key_id
    return wanted is None or has is None or wanted == has


def _is_cross(certificate: Parsed) -> bool:
    """A root's name and key under another root: an authority with more below it than a sub-CA may have."""
    found = certificate.authority
    return found is not None and found[0] and (found[1] is None or found[1] > 1)


def _told(certificate: Parsed) -> str:
    return ", ".join(f"{kind}={value}" for kind, value in certificate.names)


def _signature(step: _Step) -> Seen:
    expected = "the issuer's signature"
    if step.issuer is None:
        return nothing_to_see(expected, "no issuer")
    name = ALGORITHMS.get(step.certificate.outer_algorithm[0], "")
    try:
        key = load_der_public_key(step.issuer.public_key)
    except (ValueError, UnsupportedAlgorithm):
        return nothing_to_see(expected, "an issuer whose key is unreadable")
    if not isinstance(key, PublicKey):
        return nothing_to_see(expected, "an issuer whose key is of another type")
    good = verifies(key, step.certificate.signature, step.certificate.signed, _DIGESTS.get(name))
    return judged(good, expected, "right" if good else "wrong")


def _revocation(step: _Step, at: datetime, crls: Sequence[bytes], responses: Sequence[bytes]) -> Seen:
    expected = "not revoked, as its CA says"
    if step.issuer is None:
        return nothing_to_see(expected, "no issuer")
    if step.issuer is step.certificate or step.certificate.self_issued:
        return nothing_to_see(expected, "a root: nobody revokes it")
    try:
        certificate = x509.load_der_x509_certificate(step.certificate.octets)
        issuer = x509.load_der_x509_certificate(step.issuer.octets)
        answer = status_of(certificate, issuer, at, crls=crls, responses=responses)
    except (ValueError, UnsupportedAlgorithm) as problem:
        return nothing_to_see(expected, f"it cannot be asked for: {problem}")
    verdicts = {Status.GOOD: Verdict.PASS, Status.REVOKED: Verdict.FAIL, Status.UNKNOWN: Verdict.INCONC}
    return Seen(verdicts[answer.status], expected, answer.reason)
