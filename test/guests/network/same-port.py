"""Listens where the service and its neighbours may listen. Everybody has a network of their own."""
import socket


def Run(engine):
    kept = []
    for port in (8050, 5432, 3128, 65000):
        listener = socket.socket()
        listener.bind(("0.0.0.0", port))
        listener.listen()
        kept.append(listener)
    return len(kept)
