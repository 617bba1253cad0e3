"""What both ends of an OCPP bench are told: addresses, identities, passwords, certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from v2gready.emulators.csms import CsmsConfig as EmulatedCsms
from v2gready.emulators.csms import CsmsCredentials as EmulatedCsmsCredentials
from v2gready.emulators.station import StationConfig as EmulatedStation
from v2gready.emulators.station import StationCredentials as EmulatedStationCredentials
from v2gready.engine.ocpp_settings import KeyPair, OcppSettings
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.pki import (
    CSMS_HOST,
    SERIAL,
    BackendPki,
    ClientVariant,
    ServerVariant,
    client_variants,
    server_variants,
)
from v2gready.protocols.pki import Credential
from v2gready.references.csms import CsmsConfig, CsmsCredentials, entry_of
from v2gready.references.csms.config import PASSWORD as CSMS_PASSWORD
from v2gready.references.station import EvseConfig, StationConfig, StationCredentials

HOST = CSMS_HOST
"""Name of the CSMS on an embedded bench; its certificate has it."""
PORT = 9000
PATH = "/ocpp"
STATION_PASSWORD = "v2gready-charger-0001"  # noqa: S105 - of a station that lives for one case in this process


class Backend:
    """The PKI between stations and CSMS of an embedded bench, made when it is first asked for.

    Both sides have it under every security profile: certificates are also exchanged, renewed and installed.
    OpenSSL compares validity with the machine's clock, whatever the virtual one says.
    """

    @cached_property
    def _pki(self) -> BackendPki:
        return BackendPki(datetime.now(UTC) - timedelta(days=1))

    def emulated_csms(self) -> EmulatedCsmsCredentials:
        """What the emulated CSMS shows and trusts."""
        pki = self._pki
        variants = {one.value: partial(pki.csms, one) for one in ServerVariant if one is not ServerVariant.VALID}
        return EmulatedCsmsCredentials(server=pki.csms(), roots=pki.roots, variants=variants, issuer=pki.authority())

    def emulated_station(self, level: int) -> EmulatedStationCredentials:
        """What emulated stations show and trust."""
        pki = self._pki
        station = pki.station() if level == 3 else None
        variants = {one.value: partial(pki.station, one) for one in ClientVariant if one is not ClientVariant.VALID}
        return EmulatedStationCredentials(roots=pki.roots, station=station, variants=variants)

    def station(self) -> StationCredentials:
        """What the reference station shows and trusts."""
        return StationCredentials(roots=self._pki.roots, certificate=self._pki.station())

    def csms(self) -> CsmsCredentials:
        """What the reference CSMS shows and trusts."""
        pki = self._pki
        return CsmsCredentials(server=pki.csms(), station_roots=pki.roots, issuer=pki.authority())


def editions_of(settings: OcppSettings) -> tuple[Edition, ...]:
    """The editions of the DUT file, the preferred one first."""
    return tuple(Edition(one) for one in settings.editions)


def emulated_csms(settings: OcppSettings, backend: Backend) -> EmulatedCsms:
    """The CSMS that the embedded station calls."""
    return EmulatedCsms(
        port=PORT,
        path=PATH,
        security_profile=settings.security_profile,
        identity=settings.identity,
        password=STATION_PASSWORD,
        editions=editions_of(settings),
        credentials=backend.emulated_csms(),
    )


AC_EVSE = EvseConfig(2, transfers=("AC_three_phase", "AC_BPT"), nominal_voltage=230.0)
"""Three phases of AC, in place of the second DC outlet."""


def embedded_station(settings: OcppSettings, *, address: str, alternating: bool = False) -> StationConfig:
    """The reference station, which calls an address of the null modem by the name in the certificate.

    Args:
        settings: Its interface settings.
        address: Of the CSMS.
        alternating: Its second EVSE has three phases of AC; otherwise both are DC.
    """
    return StationConfig(
        identity=settings.identity,
        serial=SERIAL,
        host=HOST,
        port=PORT,
        path=PATH,
        names={HOST: address},
        password=STATION_PASSWORD,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
        evses=(EvseConfig(1), AC_EVSE if alternating else EvseConfig(2)),
    )


def emulated_station(settings: OcppSettings, backend: Backend, *, address: str) -> EmulatedStation:
    """The stations that call the embedded CSMS."""
    return EmulatedStation(
        host=address,
        port=PORT,
        path=PATH,
        server_name=HOST,
        identity=settings.identity,
        password=CSMS_PASSWORD,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
        credentials=backend.emulated_station(settings.security_profile),
        serial=SERIAL,
    )


def embedded_csms(settings: OcppSettings) -> CsmsConfig:
    """The reference CSMS."""
    return CsmsConfig(
        host=HOST,
        port=PORT,
        path=PATH,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
    )


def network_csms(settings: OcppSettings) -> EmulatedCsms:
    """The CSMS that a station on the network calls."""
    credentials = None
    if settings.own is not None:
        made = server_variants(_credential(settings.own), _authority(settings), datetime.now(UTC))
        variants = {name.value: partial(_alone, make) for name, make in made.items()}
        ready = {name: partial(_alone, partial(_credential, pair)) for name, pair in settings.variants.items()}
        credentials = EmulatedCsmsCredentials(
            server=(_credential(settings.own),),
            roots=settings.roots,
            variants=variants | ready,
            issuer=_authority(settings),
        )
    return EmulatedCsms(
        port=settings.port,
        path=settings.path,
        security_profile=settings.security_profile,
        identity=settings.identity,
        password=settings.password,
        editions=editions_of(settings),
        credentials=credentials,
        call_timeout=settings.call_timeout,
    )


def network_station(settings: OcppSettings) -> EmulatedStation:
    """The stations that call a CSMS on the network."""
    credentials = None
    if settings.security_profile > 1:
        own = None if settings.own is None else _credential(settings.own)
        variants: dict[str, Callable[[], Credential]] = {}
        if own is not None:
            made = client_variants(own, _authority(settings), datetime.now(UTC))
            variants = {name.value: make for name, make in made.items()}
            variants |= {name: partial(_credential, pair) for name, pair in settings.variants.items()}
        credentials = EmulatedStationCredentials(roots=settings.roots, station=own, variants=variants)
    return EmulatedStation(
        host=settings.host,
        port=settings.port,
        path=settings.path,
        identity=settings.identity,
        password=settings.password,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
        credentials=credentials,
        call_timeout=settings.call_timeout,
        serial=settings.serial or settings.identity,
    )


def station_on_sockets(settings: OcppSettings) -> tuple[StationConfig, StationCredentials | None]:
    """The reference station as a process of its own, and what it shows and trusts."""
    config = StationConfig(
        identity=settings.identity,
        serial=settings.serial or settings.identity,
        host=settings.host,
        port=settings.port,
        path=settings.path,
        password=settings.password or STATION_PASSWORD,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
    )
    if settings.security_profile == 1:
        return config, None
    own = None if settings.own is None else _credential(settings.own)
    return config, StationCredentials(roots=settings.roots, certificate=own)


def csms_on_sockets(settings: OcppSettings) -> tuple[CsmsConfig, CsmsCredentials | None]:
    """The reference CSMS as a process of its own, and what it shows and trusts."""
    config = CsmsConfig(
        host=settings.host,
        port=settings.port,
        path=settings.path,
        security_profile=settings.security_profile,
        editions=editions_of(settings),
        stations={one: entry_of(one, settings.password or CSMS_PASSWORD) for one in settings.identities},
    )
    if settings.own is None:
        return config, None
    return config, CsmsCredentials(server=(_credential(settings.own),), station_roots=settings.roots)


def _authority(settings: OcppSettings) -> Credential | None:
    return None if settings.authority is None else _credential(settings.authority)


def _alone(make: Callable[[], Credential]) -> tuple[Credential]:
    return (make(),)


def _credential(pair: KeyPair) -> Credential:
    return Credential(pair.chain[0], pair.key, pair.chain[1:])
