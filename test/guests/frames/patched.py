"""Patches what its own engine is made of. It hurts nobody but itself: the answer is its own, or there is none."""
import builtins
import json
import sys


def Run(engine):
    json.dumps = lambda *given, **more: '"patched"'
    sys.stdout = sys.stderr = None
    builtins.len = lambda given: 0
    builtins.print = None
    engine.result.set("its own")
