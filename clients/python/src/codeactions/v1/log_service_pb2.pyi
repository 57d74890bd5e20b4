import datetime

from codeactions.v1 import log_pb2 as _log_pb2
from codeactions.v1 import run_pb2 as _run_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListLogEntriesRequest(_message.Message):
    __slots__ = ("run_id", "code_id", "project_id", "minimum_level", "streams", "text", "start_time", "end_time", "newest_first", "page_size", "page_token")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_LEVEL_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    code_id: str
    project_id: str
    minimum_level: _log_pb2.LogLevel
    streams: _containers.RepeatedScalarFieldContainer[_log_pb2.LogStream]
    text: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    newest_first: bool
    page_size: int
    page_token: str
    def __init__(self, run_id: _Optional[str] = ..., code_id: _Optional[str] = ..., project_id: _Optional[str] = ..., minimum_level: _Optional[_Union[_log_pb2.LogLevel, str]] = ..., streams: _Optional[_Iterable[_Union[_log_pb2.LogStream, str]]] = ..., text: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., newest_first: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLogEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_log_pb2.LogEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_log_pb2.LogEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TailLogsRequest(_message.Message):
    __slots__ = ("run_id", "code_id", "project_id", "code_ids", "minimum_level", "streams", "text", "cursor", "beginning", "last")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_IDS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_LEVEL_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    BEGINNING_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    code_id: str
    project_id: str
    code_ids: _containers.RepeatedScalarFieldContainer[str]
    minimum_level: _log_pb2.LogLevel
    streams: _containers.RepeatedScalarFieldContainer[_log_pb2.LogStream]
    text: str
    cursor: str
    beginning: bool
    last: int
    def __init__(self, run_id: _Optional[str] = ..., code_id: _Optional[str] = ..., project_id: _Optional[str] = ..., code_ids: _Optional[_Iterable[str]] = ..., minimum_level: _Optional[_Union[_log_pb2.LogLevel, str]] = ..., streams: _Optional[_Iterable[_Union[_log_pb2.LogStream, str]]] = ..., text: _Optional[str] = ..., cursor: _Optional[str] = ..., beginning: bool = ..., last: _Optional[int] = ...) -> None: ...

class TailLogsResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: LogEvent
    def __init__(self, event: _Optional[_Union[LogEvent, _Mapping]] = ...) -> None: ...

class LogEvent(_message.Message):
    __slots__ = ("cursor", "started", "batch", "gap", "heartbeat", "ended")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    started: TailStarted
    batch: _log_pb2.LogBatch
    gap: _log_pb2.LogGap
    heartbeat: _run_pb2.Heartbeat
    ended: _run_pb2.Run
    def __init__(self, cursor: _Optional[str] = ..., started: _Optional[_Union[TailStarted, _Mapping]] = ..., batch: _Optional[_Union[_log_pb2.LogBatch, _Mapping]] = ..., gap: _Optional[_Union[_log_pb2.LogGap, _Mapping]] = ..., heartbeat: _Optional[_Union[_run_pb2.Heartbeat, _Mapping]] = ..., ended: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class TailStarted(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
