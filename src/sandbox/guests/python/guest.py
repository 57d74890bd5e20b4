"""The guest of Python codes: loads one source, then answers invocations of its Run(engine), one after the other.

It speaks the frames that are described in frames.ts, on descriptor 3. The code shares this process and may patch
whatever it likes, so everything the guest needs to answer is referenced from here before the code is loaded.
"""

import io
import json
import linecache
import logging
import os
import select
import socket
import struct
import sys
import threading
import time
import traceback
import types
from importlib import import_module

# The code shares the built-ins as well: these are kept as they are now.
from builtins import BaseException, Exception, SystemExit, bytearray, bytes, callable, getattr
from builtins import hasattr, int, isinstance, len, map, memoryview, str, sum, type

sys.path.insert(0, os.path.dirname(__file__))
from engine import Engine, Result, ResultTooLarge  # noqa: E402

# A code imports the standard library, the operator's libraries and itself, nothing of ours.
del sys.path[0]


# What codes import most, the most likely first.
COMMON = (
    *("datetime", "re", "random", "math", "collections", "typing", "dataclasses", "functools", "itertools", "enum"),
    *("asyncio", "urllib.parse", "hashlib", "base64", "uuid", "decimal", "ssl", "http.client", "urllib.request"),
    *("contextlib", "inspect", "string", "textwrap", "operator", "statistics", "secrets", "hmac", "html", "csv"),
    *("tempfile", "subprocess", "zlib", "zoneinfo", "ast", "warnings"),
)


def find_libraries(folders: list[str], preload: list[str]) -> None:
    """Lets codes import what the operator has installed, and imports what the operator says that most of them will."""
    sys.path.extend(folders)
    for name in preload:
        import_quietly(name)


def import_quietly(name: str) -> None:
    try:
        import_module(name)
    except Exception:
        # The code that needs it will be told.
        pass


LOAD, INVOKE, CHECK = 1, 2, 3
READY, LOADED, LOG, RESULT, ERROR, CHECKED = 16, 17, 18, 19, 20, 21
DEBUG, INFO, WARNING, ERRORS = 0, 1, 2, 3
ENGINE, STDOUT, STDERR = 0, 1, 2
LINE_CUT = 1
# The flag of what types.coroutine has made of a generator.
ITERABLE_COROUTINE = 0x100

FRAME_BYTES_MAX = 9 * 1024 * 1024
HEADER = struct.Struct(">IBI")
LINE_HEADER = struct.Struct(">IBIBBBQ")
SIZE = struct.Struct(">I")
MESSAGE_CHARACTERS_MAX = 8 * 1024
TRACEBACK_CHARACTERS_MAX = 32 * 1024


class Host:
    """The line to the host. Frames are whole and in order, whichever thread writes them."""

    def __init__(self, line: socket.socket) -> None:
        self.invocation = 0
        self.line_bytes_max = 16 * 1024
        self._receive = line.recv_into
        self._send = line.sendall
        self._line = line
        self._lock = threading.RLock()
        self._input = bytearray()
        self._chunk = memoryview(bytearray(64 * 1024))
        self._now = time.time_ns

    def is_waiting(self) -> bool:
        """Whether the host has said something that was not received yet."""
        return bool(select.select([self._line], [], [], 0)[0])

    def receive(self):
        """Waits for a frame: its kind, its invocation and its payload. Ends the process when the host is gone."""
        self._fill(4)
        end = 4 + SIZE.unpack_from(self._input)[0]
        self._fill(end)
        _, kind, invocation = HEADER.unpack_from(self._input)
        payload = bytes(memoryview(self._input)[HEADER.size : end])
        del self._input[:end]
        return kind, invocation, payload

    def _fill(self, size: int) -> None:
        while len(self._input) < size:
            received = self._receive(self._chunk)
            if received == 0:
                os._exit(0)
            self._input += self._chunk[:received]

    def send(self, kind: int, *parts: bytes) -> None:
        size = HEADER.size - SIZE.size + sum(map(len, parts))
        header = HEADER.pack(size, kind, self.invocation)
        with self._lock:
            if size < 64 * 1024:
                self._send(header + b"".join(parts))
                return
            self._send(header)
            for part in parts:
                self._send(part)

    def log(self, level: int, stream: int, text: str, cut: bool = False) -> None:
        data = text.encode("utf-8", "replace")
        if len(data) > self.line_bytes_max:
            data = data[: self.line_bytes_max].decode("utf-8", "ignore").encode("utf-8")
            cut = True
        header = LINE_HEADER.pack(
            LINE_HEADER.size - SIZE.size + len(data),
            LOG,
            self.invocation,
            level,
            stream,
            LINE_CUT if cut else 0,
            self._now() // 1000,
        )
        with self._lock:
            self._send(header + data)


class Printed(io.TextIOBase):
    """What sys.stdout and sys.stderr are: every line that is finished goes to the host at once."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, host: Host, level: int, stream: int) -> None:
        self.buffer = PrintedBytes(self)
        self._host = host
        self._level = level
        self._stream = stream
        self._unfinished = ""
        # The unfinished line was too long and its beginning is with the host: the rest of it is dropped.
        self._dropping = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if "\n" in text:
            first, *others = text.split("\n")
            self._finish(self._unfinished + first)
            for line in others[:-1]:
                self._finish(line)
            self._unfinished = others[-1]
        elif not self._dropping:
            self._unfinished += text
        if len(self._unfinished) > self._host.line_bytes_max:
            self._finish(self._unfinished)
            self._dropping = True
        return len(text)

    def _finish(self, line: str) -> None:
        self._unfinished = ""
        if self._dropping:
            self._dropping = False
        else:
            self._host.log(self._level, self._stream, line[:-1] if line.endswith("\r") else line)

    def finish(self) -> None:
        """The invocation ends, and with it a line that has no end."""
        if self._unfinished and not self._dropping:
            self._finish(self._unfinished)
        self._unfinished = ""
        self._dropping = False


class PrintedBytes(io.RawIOBase):
    """sys.stdout.buffer: bytes are lines too."""

    def __init__(self, text: Printed) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._text.fileno()

    def write(self, data) -> int:
        data = bytes(data)
        self._text.write(data.decode("utf-8", "replace"))
        return len(data)


class Entries(logging.Handler):
    """What the logging module writes are log entries."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._host.log(level_of(record.levelno), ENGINE, self.format(record))
        except Exception:
            self.handleError(record)


def level_of(number: int) -> int:
    if number >= logging.ERROR:
        return ERRORS
    if number >= logging.WARNING:
        return WARNING
    return INFO if number >= logging.INFO else DEBUG


class Guest:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._stdout = Printed(host, INFO, STDOUT)
        self._stderr = Printed(host, ERRORS, STDERR)
        self._file = "action.py"
        self._run = None
        self._dumps = json.JSONEncoder(separators=(",", ":")).encode
        self._loads = json.JSONDecoder().decode
        self._format = traceback.format_exception
        self._import = import_module
        self._exit = os._exit

    def serve(self) -> None:
        sys.stdout, sys.stderr = self._stdout, self._stderr
        root = logging.getLogger()
        root.addHandler(Entries(self._host))
        root.setLevel(logging.INFO)
        version = ".".join(map(str, sys.version_info[:3]))
        self._host.send(READY, self._json({"runtime": f"Python {version}"}))
        # A blank worker has the time to import for its code. One that is waited for has not: its code imports what it needs.
        for name in COMMON:
            if self._host.is_waiting():
                break
            import_quietly(name)
        answers = {LOAD: self._load, INVOKE: self._invoke, CHECK: self._check}
        while True:
            kind, self._host.invocation, payload = self._host.receive()
            size = SIZE.unpack_from(payload)[0]
            head = self._loads(payload[4 : 4 + size].decode("utf-8"))
            answers[kind](head, payload[4 + size :])

    def _load(self, head, source: bytes) -> None:
        self._file = head["file"]
        os.environ.update(head["environment"])
        text = source.decode("utf-8", "replace")
        linecache.cache[self._file] = (len(text), None, text.splitlines(keepends=True), self._file)
        module = types.ModuleType("action")
        module.__file__ = self._file
        sys.modules["action"] = module
        try:
            exec(compile(text, self._file, "exec", dont_inherit=True), module.__dict__)
            run = module.__dict__.get("Run")
            if not callable(run):
                self._fail("EntryPoint", "define Run(engine) at the top level", "")
                return
        except BaseException as error:
            self._raised(error)
            return
        self._run = run
        self._host.send(LOADED)

    def _invoke(self, head, body: bytes) -> None:
        self._host.line_bytes_max = head["lineBytesMax"]
        engine = Engine(head, body, self._entry)
        try:
            value = self._run(engine)
            if is_awaitable(value):
                value = self._import("asyncio").run(self._finish(value))
            result = engine.result._content or Result._of(value)
            self._answer(result, head["resultBytesMax"])
        except BaseException as error:
            self._raised(error)

    @staticmethod
    async def _finish(awaitable):
        return await awaitable

    def _entry(self, level: int, text: str) -> None:
        self._host.log(level, ENGINE, text)

    def _answer(self, result, result_bytes_max: int) -> None:
        status_code, content_type, headers, body = result
        head = self._json({"statusCode": status_code, "contentType": content_type, "headers": headers})
        if len(body) > result_bytes_max or 64 + len(head) + len(body) > FRAME_BYTES_MAX:
            raise ResultTooLarge(f"the result is {len(body)} bytes large; allowed are {result_bytes_max}")
        self._finish_lines()
        self._host.send(RESULT, SIZE.pack(len(head)), head, body)

    def _raised(self, error: BaseException) -> None:
        """An exception is the invocation's answer, but for the one that means to end the process."""
        if isinstance(error, SystemExit):
            self._end(error.code)
        kind, message, trace = type(error).__name__, "", ""
        try:
            message = str(error)
            trace = "".join(self._format(type(error), error, self._of_code(error.__traceback__)))
        except Exception:
            # An exception of the code's own class may fail at describing itself.
            message = message or "its message could not be read"
        self._fail(kind, message, trace)

    def _fail(self, kind: str, message: str, trace: str) -> None:
        self._finish_lines()
        message = message[:MESSAGE_CHARACTERS_MAX]
        # The end of a traceback tells more than its beginning.
        trace = trace[-TRACEBACK_CHARACTERS_MAX:]
        self._host.send(ERROR, self._json({"kind": kind[:200], "message": message, "traceback": trace}))

    def _end(self, code) -> None:
        if code is not None and not isinstance(code, int):
            self._stderr.write(f"{code}\n")
            code = 1
        self._finish_lines()
        self._exit((code or 0) & 0xFF)

    def _finish_lines(self) -> None:
        self._stdout.finish()
        self._stderr.finish()

    def _of_code(self, trace):
        """A traceback without the guest's own frames."""
        start = trace
        while start is not None and start.tb_frame.f_code.co_filename != self._file:
            start = start.tb_next
        return start

    def _check(self, head, source: bytes) -> None:
        problems = find_problems(source, head["file"])
        answer = self._json({"problems": problems})
        self._host.send(CHECKED, SIZE.pack(len(answer)), answer, source)

    def _json(self, value) -> bytes:
        return self._dumps(value).encode("utf-8")


def is_awaitable(value) -> bool:
    if isinstance(value, types.GeneratorType):
        return bool(value.gi_code.co_flags & ITERABLE_COROUTINE)
    return hasattr(type(value), "__await__")


def find_problems(source: bytes, file: str):
    """What is wrong with a source, without running it."""
    ast, warnings = import_module("ast"), import_module("warnings")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.decode("utf-8"), file)
            compile(tree, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        return [problem("syntax", error.msg or "invalid syntax", error.lineno or 0, error.offset or 0)]
    except (RecursionError, MemoryError):
        return [problem("syntax", "the source is nested too deeply", 0, 0)]
    except ValueError as error:
        return [problem("syntax", str(error), 0, 0)]
    if any(defines_run(ast, statement) for statement in tree.body):
        return []
    return [problem("entry_point", "define Run(engine) at the top level", 0, 0)]


def problem(kind: str, message: str, line: int, column: int):
    return {"kind": kind, "message": message, "line": max(line, 0), "column": max(column, 0)}


def defines_run(ast, statement) -> bool:
    """Whether a statement at the top level can give the module a Run; conditions are not weighed."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return statement.name == "Run"
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return any((name.asname or name.name) in ("Run", "*") for name in statement.names)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        return any(name.id == "Run" for name in names)
    if isinstance(statement, (ast.If, ast.Try, ast.With)):
        inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
        inner += [stmt for handler in getattr(statement, "handlers", []) for stmt in handler.body]
        return any(defines_run(ast, child) for child in inner)
    return False


if __name__ == "__main__":
    # Children must not be able to hold the line open.
    os.set_inheritable(3, False)
    if len(sys.argv) > 1:
        separator = sys.argv.index("--preload")
        find_libraries(sys.argv[1:separator], sys.argv[separator + 1 :])
        del sys.argv[1:]
    Guest(Host(socket.socket(fileno=3))).serve()
