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

class CallbackStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALLBACK_STATUS_UNSPECIFIED: _ClassVar[CallbackStatus]
    CALLBACK_STATUS_WAITING: _ClassVar[CallbackStatus]
    CALLBACK_STATUS_PENDING: _ClassVar[CallbackStatus]
    CALLBACK_STATUS_DELIVERED: _ClassVar[CallbackStatus]
    CALLBACK_STATUS_FAILED: _ClassVar[CallbackStatus]

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
CALLBACK_STATUS_UNSPECIFIED: CallbackStatus
CALLBACK_STATUS_WAITING: CallbackStatus
CALLBACK_STATUS_PENDING: CallbackStatus
CALLBACK_STATUS_DELIVERED: CallbackStatus
CALLBACK_STATUS_FAILED: CallbackStatus
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
    __slots__ = ("id", "project_id", "code_id", "version", "trigger", "status", "attempt", "request", "result", "error", "usage", "create_time", "start_time", "end_time", "durable")
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
    DURABLE_FIELD_NUMBER: _ClassVar[int]
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
    durable: DurableRun
    def __init__(self, id: _Optional[str] = ..., project_id: _Optional[str] = ..., code_id: _Optional[str] = ..., version: _Optional[int] = ..., trigger: _Optional[_Union[RunTrigger, str]] = ..., status: _Optional[_Union[RunStatus, str]] = ..., attempt: _Optional[int] = ..., request: _Optional[_Union[RunRequest, _Mapping]] = ..., result: _Optional[_Union[RunResult, _Mapping]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., usage: _Optional[_Union[RunUsage, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., durable: _Optional[_Union[DurableRun, _Mapping]] = ...) -> None: ...

class DurableRun(_message.Message):
    __slots__ = ("due_time", "retry_policy", "idempotent", "earlier_attempts", "callback", "schedule_id", "replay_of")
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    RETRY_POLICY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    EARLIER_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_OF_FIELD_NUMBER: _ClassVar[int]
    due_time: _timestamp_pb2.Timestamp
    retry_policy: RetryPolicy
    idempotent: bool
    earlier_attempts: _containers.RepeatedCompositeFieldContainer[RunAttempt]
    callback: CallbackDelivery
    schedule_id: str
    replay_of: str
    def __init__(self, due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., retry_policy: _Optional[_Union[RetryPolicy, _Mapping]] = ..., idempotent: bool = ..., earlier_attempts: _Optional[_Iterable[_Union[RunAttempt, _Mapping]]] = ..., callback: _Optional[_Union[CallbackDelivery, _Mapping]] = ..., schedule_id: _Optional[str] = ..., replay_of: _Optional[str] = ...) -> None: ...

class RunAttempt(_message.Message):
    __slots__ = ("attempt", "status", "error", "start_time", "end_time")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    attempt: int
    status: RunStatus
    error: RunError
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, attempt: _Optional[int] = ..., status: _Optional[_Union[RunStatus, str]] = ..., error: _Optional[_Union[RunError, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("max_attempts", "backoff", "multiplier", "max_backoff", "retry_on")
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    MAX_BACKOFF_FIELD_NUMBER: _ClassVar[int]
    RETRY_ON_FIELD_NUMBER: _ClassVar[int]
    max_attempts: int
    backoff: _duration_pb2.Duration
    multiplier: float
    max_backoff: _duration_pb2.Duration
    retry_on: _containers.RepeatedScalarFieldContainer[RunStatus]
    def __init__(self, max_attempts: _Optional[int] = ..., backoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., multiplier: _Optional[float] = ..., max_backoff: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retry_on: _Optional[_Iterable[_Union[RunStatus, str]]] = ...) -> None: ...

class Callback(_message.Message):
    __slots__ = ("url", "secret")
    URL_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    url: str
    secret: str
    def __init__(self, url: _Optional[str] = ..., secret: _Optional[str] = ...) -> None: ...

class CallbackDelivery(_message.Message):
    __slots__ = ("url", "status", "tries", "next_time")
    URL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_TIME_FIELD_NUMBER: _ClassVar[int]
    url: str
    status: CallbackStatus
    tries: _containers.RepeatedCompositeFieldContainer[CallbackTry]
    next_time: _timestamp_pb2.Timestamp
    def __init__(self, url: _Optional[str] = ..., status: _Optional[_Union[CallbackStatus, str]] = ..., tries: _Optional[_Iterable[_Union[CallbackTry, _Mapping]]] = ..., next_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CallbackTry(_message.Message):
    __slots__ = ("number", "time", "duration", "status_code", "error")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    number: int
    time: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    status_code: int
    error: str
    def __init__(self, number: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status_code: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

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
