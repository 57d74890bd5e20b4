import datetime

from codeactions.v1 import log_pb2 as _log_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATUS_UNSPECIFIED: _ClassVar[RunStatus]
    RUN_STATUS_QUEUED: _ClassVar[RunStatus]
    RUN_STATUS_RUNNING: _ClassVar[RunStatus]
    RUN_STATUS_SUCCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_FAILED: _ClassVar[RunStatus]
    RUN_STATUS_TIMED_OUT: _ClassVar[RunStatus]
    RUN_STATUS_OUT_OF_MEMORY: _ClassVar[RunStatus]
    RUN_STATUS_OUTPUT_LIMIT: _ClassVar[RunStatus]
    RUN_STATUS_CANCELLED: _ClassVar[RunStatus]
    RUN_STATUS_LOST: _ClassVar[RunStatus]

class RunTrigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_TRIGGER_UNSPECIFIED: _ClassVar[RunTrigger]
    RUN_TRIGGER_RPC: _ClassVar[RunTrigger]
    RUN_TRIGGER_ENDPOINT: _ClassVar[RunTrigger]
    RUN_TRIGGER_ASYNC: _ClassVar[RunTrigger]
    RUN_TRIGGER_SCHEDULE: _ClassVar[RunTrigger]
    RUN_TRIGGER_TRY: _ClassVar[RunTrigger]
RUN_STATUS_UNSPECIFIED: RunStatus
RUN_STATUS_QUEUED: RunStatus
RUN_STATUS_RUNNING: RunStatus
RUN_STATUS_SUCCEEDED: RunStatus
RUN_STATUS_FAILED: RunStatus
RUN_STATUS_TIMED_OUT: RunStatus
RUN_STATUS_OUT_OF_MEMORY: RunStatus
RUN_STATUS_OUTPUT_LIMIT: RunStatus
RUN_STATUS_CANCELLED: RunStatus
RUN_STATUS_LOST: RunStatus
RUN_TRIGGER_UNSPECIFIED: RunTrigger
RUN_TRIGGER_RPC: RunTrigger
RUN_TRIGGER_ENDPOINT: RunTrigger
RUN_TRIGGER_ASYNC: RunTrigger
RUN_TRIGGER_SCHEDULE: RunTrigger
RUN_TRIGGER_TRY: RunTrigger

class Run(_message.Message):
    __slots__ = ("id", "project_id", "code_id", "version", "trigger", "status", "attempt", "request", "result", "error", "usage", "create_time", "start_time", "end_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    project_id: str
    code_id: str
    version: int
    trigger: RunTrigger
    status: RunStatus
    attempt: int
    request: RunRequest
    result: RunResult
    error: RunError
    usage: RunUsage
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., project_id: _Optional[str] = ..., code_id: _Optional[str] = ..., version: _Optional[int] = ..., trigger: _Optional[_Union[RunTrigger, str]] = ..., status: _Optional[_Union[RunStatus, str]] = ..., attempt: _Optional[int] = ..., request: _Optional[_Union[RunRequest, _Mapping]] = ..., result: _Optional[_Union[RunResult, _Mapping]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., usage: _Optional[_Union[RunUsage, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RunInput(_message.Message):
    __slots__ = ("method", "path", "query", "headers", "body")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    method: str
    path: str
    query: _containers.RepeatedCompositeFieldContainer[Pair]
    headers: _containers.RepeatedCompositeFieldContainer[Pair]
    body: bytes
    def __init__(self, method: _Optional[str] = ..., path: _Optional[str] = ..., query: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., headers: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...

class Pair(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("method", "path", "params", "headers", "body", "body_bytes")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    method: str
    path: str
    params: _containers.RepeatedCompositeFieldContainer[Pair]
    headers: _containers.RepeatedCompositeFieldContainer[Pair]
    body: bytes
    body_bytes: int
    def __init__(self, method: _Optional[str] = ..., path: _Optional[str] = ..., params: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., headers: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., body: _Optional[bytes] = ..., body_bytes: _Optional[int] = ...) -> None: ...

class RunResult(_message.Message):
    __slots__ = ("status_code", "content_type", "headers", "body", "body_bytes")
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    status_code: int
    content_type: str
    headers: _containers.RepeatedCompositeFieldContainer[Pair]
    body: bytes
    body_bytes: int
    def __init__(self, status_code: _Optional[int] = ..., content_type: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., body: _Optional[bytes] = ..., body_bytes: _Optional[int] = ...) -> None: ...

class RunError(_message.Message):
    __slots__ = ("kind", "message", "traceback")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TRACEBACK_FIELD_NUMBER: _ClassVar[int]
    kind: str
    message: str
    traceback: str
    def __init__(self, kind: _Optional[str] = ..., message: _Optional[str] = ..., traceback: _Optional[str] = ...) -> None: ...

class RunUsage(_message.Message):
    __slots__ = ("queue", "start", "wall", "cpu", "peak_memory_bytes", "log_entries", "cold")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    WALL_FIELD_NUMBER: _ClassVar[int]
    CPU_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    LOG_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    COLD_FIELD_NUMBER: _ClassVar[int]
    queue: _duration_pb2.Duration
    start: _duration_pb2.Duration
    wall: _duration_pb2.Duration
    cpu: _duration_pb2.Duration
    peak_memory_bytes: int
    log_entries: int
    cold: bool
    def __init__(self, queue: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., start: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wall: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cpu: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., peak_memory_bytes: _Optional[int] = ..., log_entries: _Optional[int] = ..., cold: bool = ...) -> None: ...

class RunEvent(_message.Message):
    __slots__ = ("cursor", "started", "log", "gap", "heartbeat", "finished")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    started: Run
    log: _log_pb2.LogBatch
    gap: _log_pb2.LogGap
    heartbeat: Heartbeat
    finished: Run
    def __init__(self, cursor: _Optional[str] = ..., started: _Optional[_Union[Run, _Mapping]] = ..., log: _Optional[_Union[_log_pb2.LogBatch, _Mapping]] = ..., gap: _Optional[_Union[_log_pb2.LogGap, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., finished: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
