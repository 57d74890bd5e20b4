"""Prints what is no text: NUL, invalid UTF-8, half characters, escape sequences. The log stays text."""
import os


def Run(engine):
    os.write(1, bytes(range(256)) * 4 + b"\n")
    os.write(2, b"\xf0\x9f\n\xff\xfe\x00\n\x1b[2J\x1b]0;title\x07\r\n")
    engine.log.info("\ud800 a lone half")
    return "printed"
