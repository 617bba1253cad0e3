"""Protocol cores put on a network: discovery, connections, TLS. Emulators and reference devices share them."""
