"""Tells Josev's car what to do: ``python car_hook.py SOCKET HOOK key=value…``. A hook of the DUT file."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as line:
    line.connect(sys.argv[1])
    line.sendall((" ".join(sys.argv[2:]) + "\n").encode())
    told = line.makefile().readline().strip()
if told != "ok":
    sys.exit(told)
