#!/usr/bin/env python3
"""Run a program with a listening socket: listen.py FILE FD COMMAND ARGUMENT...

The socket is on loopback, under the number FD in the program; its port goes
into FILE.
"""
import os
import socket
import sys

s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(512)
s.setblocking(False)
with open(sys.argv[1], "w", encoding="ascii") as f:
    f.write(str(s.getsockname()[1]))
os.dup2(s.fileno(), int(sys.argv[2]), inheritable=True)
os.execvp(sys.argv[3], sys.argv[3:])
