"""What a code is handed: the engine of its Run(engine)."""

import json
from builtins import ValueError, bytes, bytearray, hasattr, int, isinstance, list, memoryview, str, tuple
from collections.abc import Mapping


class ResultTooLarge(Exception):
    pass


class Engine:
    """One invocation: what came in, and where the answer, log entries and secrets are."""

    __slots__ = ("params", "header", "raw_body", "request", "log", "result", "secrets", "context", "_body")

    def __init__(self, head, body, entry):
        self.raw_body = body
        self.params = Params(head["query"])
        self.header = Header(head["headers"])
        self.log = Log(entry)
        self.result = Result()
        self.secrets = Secrets(head["secrets"])
        self.context = Context(head["context"])
        self.request = Request(self, head["method"], head["path"])
        self._body = None

    @property
    def body(self):
        """The request's body as text, without whitespace at both ends; `raw_body` is what was sent."""
        if self._body is None:
            self._body = self.raw_body.decode("utf-8", "replace").strip()
        return self._body


class Request:
    __slots__ = ("_engine", "method", "path")

    def __init__(self, engine, method, path):
        self._engine = engine
        self.method = method
        self.path = path

    @property
    def params(self):
        return self._engine.params

    @property
    def header(self):
        return self._engine.header

    @property
    def body(self):
        return self._engine.body

    @property
    def raw_body(self):
        return self._engine.raw_body

    @property
    def query(self):
        """Every query parameter with all its values."""
        values = {}
        for name, value in self._engine.params.items():
            values.setdefault(name, []).append(value)
        return values


class Params:
    """Query parameters, in the order in which they were sent."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs):
        self._pairs = pairs

    def get(self, key, default=None):
        """The first value."""
        for name, value in self._pairs:
            if name == key:
                return value
        return default

    def items(self):
        """All pairs; a parameter that was sent twice is there twice."""
        return [(name, value) for name, value in self._pairs]

    def keys(self):
        return list(dict.fromkeys(name for name, _ in self._pairs))

    def __contains__(self, key):
        return any(name == key for name, _ in self._pairs)

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def __getitem__(self, key):
        for name, value in self._pairs:
            if name == key:
                return value
        raise KeyError(key)


class Header:
    """Request headers, found in any letter case."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs):
        self._pairs = pairs

    def get(self, name, default=""):
        """The first value."""
        wanted = name.lower()
        for other, value in self._pairs:
            if other.lower() == wanted:
                return value
        return default

    def items(self):
        """Every name with the list of its values."""
        values = {}
        for name, value in self._pairs:
            values.setdefault(name.lower(), (name, []))[1].append(value)
        return list(values.values())

    def keys(self):
        return [name for name, _ in self.items()]

    def __contains__(self, name):
        return any(other.lower() == name.lower() for other, _ in self._pairs)

    def __iter__(self):
        return iter(self.keys())

    def __getitem__(self, name):
        if name not in self:
            raise KeyError(name)
        return self.get(name)


class Log:
    """Each call is one entry, sent at once."""

    __slots__ = ("_entry",)

    def __init__(self, entry):
        self._entry = entry

    def debug(self, text=""):
        self._entry(0, str(text))

    def info(self, text=""):
        self._entry(1, str(text))

    def warning(self, text=""):
        self._entry(2, str(text))

    def error(self, text=""):
        self._entry(3, str(text))


class Result:
    __slots__ = ("_content",)

    def __init__(self):
        self._content = None

    def set(self, value="", status_code=200, content_type=None, headers=None):
        """Makes value the answer; the last call wins.

        Text and bytes are sent as they are, anything else as JSON. The content type is `text`, `json`, `html` or
        any MIME type; without one the value decides.
        """
        if not isinstance(status_code, int) or not 100 <= status_code <= 599:
            raise ValueError(f"status_code is {status_code!r}; allowed are whole numbers from 100 to 599")
        if content_type is not None and not isinstance(content_type, str):
            raise TypeError(f"content_type is {content_type!r}; it must be text")
        body, chosen = encode_value(value)
        pairs = [[str(name), str(text)] for name, text in _pairs(headers)]
        self._content = (int(status_code), content_type or chosen, pairs, body)

    @staticmethod
    def _of(value):
        """The answer of a Run that returned this value and never called set."""
        body, content_type = encode_value("" if value is None else value)
        return (200, content_type, [], body)


def encode_value(value, _dumps=json.dumps):
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), "text"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), "application/octet-stream"
    return _dumps(value, ensure_ascii=False).encode("utf-8", "replace"), "json"


def _pairs(headers):
    """Headers come as a mapping, whose values may be lists, or as pairs."""
    for name, value in headers.items() if hasattr(headers, "items") else headers or ():
        for text in value if isinstance(value, (list, tuple)) else (value,):
            yield name, text


class Secrets(Mapping):
    """The project's secrets, by name. They are not shown when printed."""

    __slots__ = ("_values",)

    def __init__(self, values):
        self._values = values

    def __getitem__(self, name):
        return self._values[name]

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def has(self, name):
        return name in self._values

    def __repr__(self):
        return f"Secrets({', '.join(self._values)})"


class Context:
    """Which run this is."""

    __slots__ = ("run_id", "code_id", "version", "project_id", "attempt", "_deadline_ms")

    def __init__(self, head):
        self.run_id = head["runId"]
        self.code_id = head["codeId"]
        self.version = head["version"]
        self.project_id = head["projectId"]
        self.attempt = head["attempt"]
        self._deadline_ms = head["deadlineMs"]

    @property
    def deadline(self):
        """When the run is ended if it has not answered, with its time zone."""
        # Few codes ask for it, and the module takes a while to import.
        from datetime import datetime, timezone

        return datetime.fromtimestamp(self._deadline_ms / 1000, timezone.utc)
