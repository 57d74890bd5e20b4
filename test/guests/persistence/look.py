"""Looks for what another code has planted. Answers with what it finds."""
import glob
import json


def Run(engine):
    return json.loads(json.dumps([path for pattern in ("/tmp/*", "/dev/shm/*", "/home/*", "/work/*", "/guest/planted*", "/python/**/planted*") for path in glob.glob(pattern, recursive=True) if "planted" in path]))
