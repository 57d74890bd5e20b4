"""Calls itself until the stack is gone, where Python no longer counts."""
import sys


def Run(engine):
    sys.setrecursionlimit(1 << 30)

    class Deep:
        def __repr__(self):
            return repr(self)

    return repr(Deep())
