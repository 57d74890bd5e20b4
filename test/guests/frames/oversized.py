"""Announces a frame of four gigabytes."""
import os
import struct


def Run(engine):
    os.write(3, struct.pack(">IBI", 0xFFFFFFFF, 19, 1))
    return "answered"
