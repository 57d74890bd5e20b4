"""Leaves something everywhere it can write, and in what the next code would import. Answers with how often that went."""
import os
import sys


def Run(engine):
    left = 0
    for folder in ("/tmp", "/dev/shm", "/home", "/work", os.path.dirname(os.__file__), "/guest", "/python", "/etc"):
        try:
            with open(os.path.join(folder, "planted.py"), "w") as file:
                file.write("raise SystemExit('planted')")
            left += 1
        except OSError:
            pass
    sys.modules["json"] = None
    return left
