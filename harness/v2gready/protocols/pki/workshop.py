"""Where chains are bent: the tools that `defects` is written with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography import x509

from v2gready.protocols.pki import authority, encoding
from v2gready.protocols.pki.authority import Draft
from v2gready.protocols.pki.credential import Credential, der, key_pem
from v2gready.protocols.pki.hierarchy import Hierarchy
from v2gready.protocols.pki.keys import PrivateKey
from v2gready.protocols.pki.profiles import Role
from v2gready.protocols.pki.revocation import Register

Bend = Callable[[Draft], Draft]
Rewrite = Callable[[list[encoding.Tlv]], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Chain:
    """What a device shows that has a chain, perhaps a defective one. Octets: not all of it can be read.

    Attributes:
        certificates_der: Leaf first.
        private_key: Of the leaf.
        root_der: The root that a checker trusts, whether or not the chain leads there.
        crls: Revocation lists that belong to it, DER.
        label: What it is, for people.
    """

    certificates_der: tuple[bytes, ...]
    private_key: PrivateKey = field(repr=False)
    root_der: bytes
    crls: tuple[bytes, ...] = ()
    label: str = ""

    def certificates_pem(self) -> bytes:
        """Return the octets of all of them as PEM, leaf first, whatever they are."""
        return b"".join(armour(one) for one in self.certificates_der)

    def private_key_pem(self, password: bytes | None = None) -> bytes:
        """Return the key of the leaf as PKCS #8; a secret."""
        return key_pem(self.private_key, password)


def armour(data: bytes) -> bytes:
    """Octets as PEM, certificate or not."""
    text = base64.b64encode(data)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


@dataclass(frozen=True, slots=True)
class Workshop:
    """One leaf of one hierarchy, to be bent.

    Attributes:
        hierarchy: The good one; it is not changed.
        role: Of the leaf.
    """

    hierarchy: Hierarchy
    role: Role

    @property
    def root(self) -> Credential:
        """The root that is trusted."""
        return self.hierarchy.root_of(self.role)

    @property
    def sub_roles(self) -> tuple[Role, Role]:
        """Lower and upper sub-CA."""
        path = self.hierarchy.profiles.path(self.role)
        return path[1], path[2]

    @property
    def lower(self) -> Credential:
        """The sub-CA that signs the leaf."""
        return self.hierarchy.credential(self.sub_roles[0])

    @property
    def upper(self) -> Credential:
        """The sub-CA below the root."""
        return self.hierarchy.credential(self.sub_roles[1])

    @property
    def draft(self) -> Draft:
        """The leaf before it is signed."""
        return self.hierarchy.draft(self.role)

    def chain(
        self,
        credential: Credential,
        certificates: Sequence[bytes] | None = None,
        *,
        crls: Sequence[bytes] = (),
    ) -> Chain:
        """What is shown: a credential, or other octets with its key."""
        shown = credential.chain_der() if certificates is None else tuple(certificates)
        return Chain(shown, credential.private_key, der(self.root.certificate), tuple(crls))

    def good(self) -> Chain:
        """The chain without a defect."""
        return self.chain(self.hierarchy.issue(self.role))

    def leaf(self, bend: Bend, *, issuer: Credential | None = None, key: PrivateKey | None = None) -> Chain:
        """A chain whose leaf is bent, by one issuer or another, with a key of the hierarchy's curve or another."""
        made = authority.issue(bend(self.draft), key or self.hierarchy.curve.generate(), issuer or self.lower)
        return self.chain(made)

    def sub(self, bend: Bend) -> Chain:
        """A chain whose lower sub-CA is bent; all signatures are right."""
        wanted = bend(self.hierarchy.draft(self.sub_roles[0]))
        lower = authority.issue(wanted, self.hierarchy.curve.generate(), self.upper)
        return self.chain(self.hierarchy.issue(self.role, issuer=lower))

    def under(self, root: Credential) -> Chain:
        """A whole branch of the usual names under another root."""
        low, up = self.sub_roles
        upper = self.hierarchy.issue(up, issuer=root)
        return self.chain(self.hierarchy.issue(self.role, issuer=self.hierarchy.issue(low, issuer=upper)))

    def rewritten(self, rewrite: Rewrite, *, key: PrivateKey | None = None) -> Chain:
        """A chain whose leaf has other fields, written octet by octet and signed again."""
        made = authority.issue(self.draft, key or self.hierarchy.curve.generate(), self.lower)
        leaf = made.certificate_der()
        fields = encoding.children(encoding.parts(leaf)[0].content)
        return self.chain(
            made, (encoding.resigned(leaf, rewrite(fields), self.lower.private_key), *made.chain_der()[1:])
        )

    def octets(self, change: Callable[[bytes], bytes]) -> Chain:
        """A chain whose leaf is damaged after it was signed."""
        made = self.hierarchy.issue(self.role)
        leaf, *above = made.chain_der()
        return self.chain(made, (change(leaf), *above))

    def revoked(self, position: int) -> Chain:
        """A good chain with CRLs of all its CAs that name the certificate at a position."""
        made = self.hierarchy.issue(self.role)
        moment = self.hierarchy.not_before + timedelta(hours=1)
        cas = (self.lower, self.upper, self.root)
        register = Register(cas)
        register.revoke((made.certificate, *made.chain)[position], moment)
        return self.chain(made, crls=[register.crl(one, moment) for one in cas])


def subject(wanted: Draft, **changed: str | None) -> x509.Name:
    """The subject of a draft with attributes changed, added or, with None, taken out."""
    names = {oid: short for short, oid in authority.ATTRIBUTES.items()}
    pairs = {names[one.oid]: str(one.value) for one in wanted.subject}
    for kind, value in changed.items():
        if value is None:
            pairs.pop(kind, None)
        else:
            pairs[kind] = value
    return authority.name(pairs.items())
