"""The simple types of the schemas that are no enumerations (reference 2.5, 3.x)."""

from typing import Annotated

from v2gready.protocols.exi import Binary, Integer, Text

# XML schema built-ins
Byte = Annotated[int, Integer(-(2**7), 2**7 - 1)]
Short = Annotated[int, Integer(-(2**15), 2**15 - 1)]
Int = Annotated[int, Integer(-(2**31), 2**31 - 1)]
AnyInteger = Annotated[int, Integer()]
UnsignedByte = Annotated[int, Integer(0, 2**8 - 1)]
UnsignedShort = Annotated[int, Integer(0, 2**16 - 1)]
UnsignedInt = Annotated[int, Integer(0, 2**32 - 1)]
UnsignedLong = Annotated[int, Integer(0, 2**64 - 1)]
AnyText = Annotated[str, Text()]
AnyUri = Annotated[str, Text()]
ID = Annotated[str, Text()]
Base64 = Annotated[bytes, Binary()]

# SAP
ProtocolNamespaceUri = Annotated[str, Text(100)]
SapPriority = Annotated[int, Integer(1, 20)]

# CommonTypes
NumericID = Annotated[int, Integer(1, 2**32 - 1)]
SessionIdentifier = Annotated[bytes, Binary(length=8)]
PercentValue = Annotated[int, Integer(0, 100)]
Identifier = Annotated[str, Text(255)]
NameText = Annotated[str, Text(80)]
Description = Annotated[str, Text(160)]
MeterIdentifier = Annotated[str, Text(32)]
MeterSignatureBytes = Annotated[bytes, Binary(max_length=64)]

# CommonMessages
ServiceIdentifier = UnsignedShort
Challenge = Annotated[bytes, Binary(length=16)]
SupportingPoints = Annotated[int, Integer(12, 1024)]
CurrencyCode = Annotated[str, Text(3)]
LanguageCode = Annotated[str, Text(3)]
CertificateBytes = Annotated[bytes, Binary(max_length=1600)]
DHPublicKeyBytes = Annotated[bytes, Binary(length=133)]
Secp521EncryptedPrivateKey = Annotated[bytes, Binary(length=94)]
X448EncryptedPrivateKey = Annotated[bytes, Binary(length=84)]
TpmEncryptedPrivateKey = Annotated[bytes, Binary(length=206)]
