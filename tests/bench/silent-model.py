#!/usr/bin/env python3
"""A model that never answers: takes requests, sends the head of a stream and
then nothing. Usage: silent-model.py PORTFILE, which gets the port; PORTFILE.n
always holds how many wait."""
import asyncio
import os
import sys

PORTFILE = sys.argv[1]
waiting = 0


def say():
    with open(PORTFILE + ".tmp", "w") as out:
        out.write("%d\n" % waiting)
    os.rename(PORTFILE + ".tmp", PORTFILE + ".n")


async def serve(reader, writer):
    global waiting
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if b"expect: 100-continue" in head.lower():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await reader.readexactly(length)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    await writer.drain()
    waiting += 1
    say()
    try:
        await reader.read()
    finally:
        waiting -= 1
        say()
        writer.close()


async def main():
    say()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    with open(PORTFILE + ".tmp2", "w") as out:
        out.write("%d\n" % server.sockets[0].getsockname()[1])
    os.rename(PORTFILE + ".tmp2", PORTFILE)
    await server.serve_forever()


asyncio.run(main())
