"""Faults of frames and octets: what is wrong on the wire, and what the car makes of it (reference 1.1, 2)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.v2gtp import encode_frame
from v2gready.references.ev.faults.kinds import Overlooks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Died, Fault
from v2gready.references.ev.turn import Check, Outgoing, Turn

_HEADER = 8
_MAINSTREAM = 0x8002


@fault("undecodable-ignored", "Goes on waiting after a payload that is no message.")
class UndecodableIgnored(Overlooks):
    """The session ends."""

    overlooked = frozenset({Check.DECODES})


@fault("wrong-response-ignored", "Goes on waiting after a response of the wrong type.")
class WrongResponseIgnored(Overlooks):
    """The session ends."""

    overlooked = frozenset({Check.TYPE})


@fault("dies-of-undecodable", "Dies of a payload that is no message.")
class DiesOfUndecodable(Fault):
    """Robustness of the decoder."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """A buffer that is too small."""
        if check is Check.DECODES and violated:
            self.took_effect("an undecodable payload ended the controller")
            raise Died("died of a payload that is no message")
        return violated


@fault("unknown-frame-fatal", "Ends the session at a V2GTP frame of a payload type that it does not know.")
class UnknownFrameFatal(Fault):
    """[V2G2-800]: skipped."""

    def tolerates(self, payload_type: int, tolerates: bool) -> bool:
        """Strict where it should be lenient."""
        return False


@fault("unasked-message-taken", "Takes a message that nobody asked for as the answer to its next request.")
class UnaskedTaken(Fault):
    """Half duplex: one response for one request."""

    def discards(self, payload_type: int, discards: bool) -> bool:
        """It is in the buffer."""
        return False


@fault("segments-not-joined", "Reads a response that comes in several segments as far as the first of them.")
class SegmentsNotJoined(Fault):
    """TCP is a stream."""

    def received(self, data: bytes) -> bytes:
        """One read is one message; a piece of one is none."""
        whole = len(data) >= _HEADER and len(data) >= _HEADER + int.from_bytes(data[4:8], "big")
        return data if whole else b""


@fault("v2gtp-bad-version", "Sends frames with a wrong version in the V2GTP header.")
class BadVersion(Fault):
    """Reference 1.1."""

    def frame_out(self, data: bytes) -> bytes:
        """Version 2, inverse 0xFD."""
        return b"\x02\xfd" + data[2:]


@fault("v2gtp-length-short", "Announces fewer octets in the V2GTP header than it sends.")
class LengthShort(Fault):
    """Reference 1.1."""

    def frame_out(self, data: bytes) -> bytes:
        """Without the last one."""
        return data[:4] + (len(data) - _HEADER - 1).to_bytes(4, "big") + data[_HEADER:]


@fault("payload-type-of-common", "Sends the messages of AC and DC under the payload type of the common messages.")
class PayloadTypeOfCommon(Fault):
    """Reference 1.1: 0x8003 and 0x8004."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """One type for all."""
        if not outgoing.messages or isinstance(outgoing.messages[0], m.SupportedAppProtocolReq):
            return outgoing
        own = codec.message_set(outgoing.messages[0]).payload_type
        return outgoing if own == _MAINSTREAM else replace(outgoing, payload_type=_MAINSTREAM)


@fault("request-truncated", "Sends ServiceDiscoveryReq without its last octets.")
class RequestTruncated(Fault):
    """Reference 2."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """A length too short."""
        if not outgoing.messages or not isinstance(outgoing.messages[0], m.ServiceDiscoveryReq):
            return outgoing
        return replace(outgoing, payload=codec.encode(outgoing.messages[0], check=False)[:-4])


@fault("request-twice", "Sends every ServiceDetailReq twice.")
class RequestTwice(Fault):
    """Half duplex: one request, one response."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """To be sure."""
        twice = outgoing.messages and isinstance(outgoing.messages[0], m.ServiceDetailReq)
        return replace(outgoing, messages=outgoing.messages * 2) if twice else outgoing


@fault("stale-response-used", "Reads its last good response once more where a payload does not decode.")
class StaleResponse(Fault):
    """The structure of the last message is still in the buffer."""

    def __init__(self) -> None:
        super().__init__()
        self._last = b""

    def received(self, data: bytes) -> bytes:
        """Looks at what comes as one frame."""
        if not _frame(data):
            return data
        if _decodes(data):
            self._last = data
            return data
        return self._last or data


@fault("payload-type-not-read", "Takes a response under any payload type, as long as its octets decode.")
class PayloadTypeNotRead(Fault):
    """Reference 2.7: never guess a grammar by trial."""

    def received(self, data: bytes) -> bytes:
        """Tries the common messages."""
        if not _frame(data) or _decodes(data):
            return data
        common = data[:2] + _MAINSTREAM.to_bytes(2, "big") + data[4:]
        return common if _decodes(common) else data


@fault("response-type-not-read", "Reads the ResponseCode of whatever response comes, and takes OK for the answer.")
class ResponseTypeNotRead(Fault):
    """The type of a response is half of what it says."""

    def __init__(self) -> None:
        super().__init__()
        self._selecting = False

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Remembers what an answer is awaited for."""
        self._selecting = any(isinstance(one, m.ServiceSelectionReq) for one in outgoing.messages)
        return outgoing

    def received(self, data: bytes) -> bytes:
        """ServiceSelectionRes has nothing but a code; another response is read as if it had no more either."""
        if not self._selecting or not _frame(data):
            return data
        try:
            message = codec.decode(codec.MessageSet.COMMON, data[_HEADER:])
        except ExiDecodeError:
            return data
        if isinstance(message, m.ServiceSelectionRes) or not isinstance(message, m.V2GResponse):
            return data
        read = m.ServiceSelectionRes(Header=message.Header, ResponseCode=message.ResponseCode)
        return encode_frame(_MAINSTREAM, codec.encode(read))


def _frame(data: bytes) -> bool:
    """A whole frame of V2GTP."""
    return len(data) >= _HEADER and len(data) == _HEADER + int.from_bytes(data[4:8], "big")


def _decodes(data: bytes) -> bool:
    """The payload is a message of the set of its payload type."""
    payload_type = int.from_bytes(data[2:4], "big")
    for known in codec.MessageSet:
        if known.payload_type == payload_type:
            try:
                codec.decode(known, data[_HEADER:])
            except ExiDecodeError:
                continue
            return True
    return False


@fault("evse-id-of-few-characters", "Dies of an EVSEID of more than 64 characters.")
class EvseIdOfFew(Fault):
    """Reference 3.2: str255."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """A buffer that is too small."""
        return violated or (check is Check.DECODES and len(getattr(turn.response, "EVSEID", "")) > 64)


@fault("evse-id-of-ascii", "Ends the session at an EVSEID with a character beyond ASCII.")
class EvseIdOfAscii(Fault):
    """A string of XML is Unicode."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """As libcbv2g has it."""
        return violated or (check is Check.DECODES and not getattr(turn.response, "EVSEID", "").isascii())


@fault("meter-info-bpt-fatal", "Ends the session at a MeterInfo with a reading of discharged energy.")
class MeterInfoBptFatal(Fault):
    """BPT_DischargedEnergyReadingWh under a name without its underscore."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """As Josev's car has it."""
        meter = getattr(turn.response, "MeterInfo", None)
        discharged = getattr(meter, "BPT_DischargedEnergyReadingWh", None)
        return violated or (check is Check.DECODES and discharged is not None)
