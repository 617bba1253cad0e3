"""Transports: null modem, sockets, TLS and capture behind the same three interfaces.

`ByteStream`, `Datagrams` and `Network` are all that an emulator sees; whether there is a wire behind them, and
whether time is real, is decided by whoever opens the network.
"""
