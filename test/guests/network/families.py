"""Asks for sockets of every other family, raw ones, and the host's abstract ones. Answers with what it got."""
import socket


def Run(engine):
    got = []
    for family in range(1, 50):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            harmless = family == socket.AF_UNIX or (family in (socket.AF_INET, socket.AF_INET6) and kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
            if not harmless:
                got.append([family, int(kind)])
    for name in engine.body.split():
        try:
            socket.socket(socket.AF_UNIX).connect("\0" + name)
            got.append(name)
        except OSError:
            pass
    return got
