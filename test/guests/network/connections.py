"""Tries every way out; answers with those that work. Its body names the host's own doors."""
import json
import socket


def Run(engine):
    got = []
    tcp = [("1.1.1.1", 80), ("8.8.8.8", 53), ("169.254.169.254", 80), ("10.0.0.1", 80), ("::1", 80), ("2606:4700::1111", 80)]
    for host, port in tcp + [tuple(pair) for pair in json.loads(engine.body)]:
        try:
            socket.create_connection((host, port), timeout=0.2).close()
            got.append([host, port])
        except OSError:
            pass
    for family, address in ((socket.AF_INET, ("8.8.8.8", 53)), (socket.AF_INET6, ("2001:4860:4860::8888", 53))):
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            try:
                udp.sendto(b"\0" * 12, address)
                got.append(["udp", *address])
            except OSError:
                pass
    for name in ("example.org", "localhost.localdomain", "metadata.google.internal"):
        try:
            socket.getaddrinfo(name, 80)
            got.append(name)
        except OSError:
            pass
    return got
