"""OCPP 2.1 and 2.0.1 over JSON: frames, schemas, calls and answers. Sans-I/O; the oracles live beside them.

`frames`, `editions` and `redaction` need nothing but Python. `schema` and `rpc` need the schema files of the package
``ocpp`` (extra ``ocpp``): importing them without it raises `ModuleNotFoundError`.
"""
