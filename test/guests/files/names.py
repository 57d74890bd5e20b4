"""Makes files with every name that a careless program trips over."""
import os


def Run(engine):
    made = 0
    for name in (b"..\\..\\x", b"-rf", b"a\nb", b"\xff\xfe", b"$(id)", b"`id`", b"*", b" ", b"x" * 255, "\u202egnp.exe".encode()):
        with open(b"/tmp/" + name, "wb"):
            made += 1
    for name in ("../../../../tmp/planted-by-a-code", "/tmp/../../planted-by-a-code", "x" * 5000, "a\0b"):
        try:
            open("/tmp/" + name, "w").close()
        except (OSError, ValueError):
            made += 1
    return made
