"""Counterparts that speak OCPP 2.1, each in an environment of its own."""
