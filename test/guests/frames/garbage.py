"""Writes what is no frame on the line to the host."""
import os


def Run(engine):
    os.write(3, b"\xff" * 4096)
    return "answered"
