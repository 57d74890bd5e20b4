import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NodeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NODE_STATE_UNSPECIFIED: _ClassVar[NodeState]
    NODE_STATE_CONNECTING: _ClassVar[NodeState]
    NODE_STATE_READY: _ClassVar[NodeState]
    NODE_STATE_DRAINING: _ClassVar[NodeState]

class BreakerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKER_STATE_UNSPECIFIED: _ClassVar[BreakerState]
    BREAKER_STATE_CLOSED: _ClassVar[BreakerState]
    BREAKER_STATE_OPEN: _ClassVar[BreakerState]
    BREAKER_STATE_HALF_OPEN: _ClassVar[BreakerState]

class PoolChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POOL_CHANGE_KIND_UNSPECIFIED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_NODE_ADDED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_NODE_READY: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_NODE_DRAINING: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_NODE_REMOVED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_BREAKER_OPENED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_BREAKER_HALF_OPENED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_BREAKER_CLOSED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_QUARANTINED: _ClassVar[PoolChangeKind]
    POOL_CHANGE_KIND_QUARANTINE_LIFTED: _ClassVar[PoolChangeKind]
NODE_STATE_UNSPECIFIED: NodeState
NODE_STATE_CONNECTING: NodeState
NODE_STATE_READY: NodeState
NODE_STATE_DRAINING: NodeState
BREAKER_STATE_UNSPECIFIED: BreakerState
BREAKER_STATE_CLOSED: BreakerState
BREAKER_STATE_OPEN: BreakerState
BREAKER_STATE_HALF_OPEN: BreakerState
POOL_CHANGE_KIND_UNSPECIFIED: PoolChangeKind
POOL_CHANGE_KIND_NODE_ADDED: PoolChangeKind
POOL_CHANGE_KIND_NODE_READY: PoolChangeKind
POOL_CHANGE_KIND_NODE_DRAINING: PoolChangeKind
POOL_CHANGE_KIND_NODE_REMOVED: PoolChangeKind
POOL_CHANGE_KIND_BREAKER_OPENED: PoolChangeKind
POOL_CHANGE_KIND_BREAKER_HALF_OPENED: PoolChangeKind
POOL_CHANGE_KIND_BREAKER_CLOSED: PoolChangeKind
POOL_CHANGE_KIND_QUARANTINED: PoolChangeKind
POOL_CHANGE_KIND_QUARANTINE_LIFTED: PoolChangeKind

class Pool(_message.Message):
    __slots__ = ("nodes", "capacity", "in_flight", "queue", "quarantines", "instance_id")
    NODES_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    QUARANTINES_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    capacity: int
    in_flight: int
    queue: Queue
    quarantines: _containers.RepeatedCompositeFieldContainer[Quarantine]
    instance_id: str
    def __init__(self, nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., capacity: _Optional[int] = ..., in_flight: _Optional[int] = ..., queue: _Optional[_Union[Queue, _Mapping]] = ..., quarantines: _Optional[_Iterable[_Union[Quarantine, _Mapping]]] = ..., instance_id: _Optional[str] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("id", "state", "breaker", "breaker_reason", "breaker_change_time", "capacity", "in_flight", "in_flight_here", "idle_workers", "blank_workers", "warm_starts", "cold_starts", "memory_bytes", "start_time", "warm_versions", "runtimes")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    BREAKER_REASON_FIELD_NUMBER: _ClassVar[int]
    BREAKER_CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_HERE_FIELD_NUMBER: _ClassVar[int]
    IDLE_WORKERS_FIELD_NUMBER: _ClassVar[int]
    BLANK_WORKERS_FIELD_NUMBER: _ClassVar[int]
    WARM_STARTS_FIELD_NUMBER: _ClassVar[int]
    COLD_STARTS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    WARM_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: NodeState
    breaker: BreakerState
    breaker_reason: str
    breaker_change_time: _timestamp_pb2.Timestamp
    capacity: int
    in_flight: int
    in_flight_here: int
    idle_workers: int
    blank_workers: int
    warm_starts: int
    cold_starts: int
    memory_bytes: int
    start_time: _timestamp_pb2.Timestamp
    warm_versions: _containers.RepeatedCompositeFieldContainer[WarmVersion]
    runtimes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[NodeState, str]] = ..., breaker: _Optional[_Union[BreakerState, str]] = ..., breaker_reason: _Optional[str] = ..., breaker_change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., capacity: _Optional[int] = ..., in_flight: _Optional[int] = ..., in_flight_here: _Optional[int] = ..., idle_workers: _Optional[int] = ..., blank_workers: _Optional[int] = ..., warm_starts: _Optional[int] = ..., cold_starts: _Optional[int] = ..., memory_bytes: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., warm_versions: _Optional[_Iterable[_Union[WarmVersion, _Mapping]]] = ..., runtimes: _Optional[_Iterable[str]] = ...) -> None: ...

class WarmVersion(_message.Message):
    __slots__ = ("code_id", "version", "idle", "busy")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    BUSY_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    version: int
    idle: int
    busy: int
    def __init__(self, code_id: _Optional[str] = ..., version: _Optional[int] = ..., idle: _Optional[int] = ..., busy: _Optional[int] = ...) -> None: ...

class Queue(_message.Message):
    __slots__ = ("depth", "limit", "oldest_wait", "shares")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_WAIT_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    depth: int
    limit: int
    oldest_wait: _duration_pb2.Duration
    shares: _containers.RepeatedCompositeFieldContainer[QueueShare]
    def __init__(self, depth: _Optional[int] = ..., limit: _Optional[int] = ..., oldest_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., shares: _Optional[_Iterable[_Union[QueueShare, _Mapping]]] = ...) -> None: ...

class QueueShare(_message.Message):
    __slots__ = ("project_id", "waiting", "in_flight")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    waiting: int
    in_flight: int
    def __init__(self, project_id: _Optional[str] = ..., waiting: _Optional[int] = ..., in_flight: _Optional[int] = ...) -> None: ...

class Quarantine(_message.Message):
    __slots__ = ("code_id", "version", "reason", "begin_time", "end_time", "round", "project_id")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    version: int
    reason: str
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    round: int
    project_id: str
    def __init__(self, code_id: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[str] = ..., begin_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., round: _Optional[int] = ..., project_id: _Optional[str] = ...) -> None: ...

class PoolChange(_message.Message):
    __slots__ = ("time", "kind", "node_id", "reason", "code_id", "version")
    TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    kind: PoolChangeKind
    node_id: str
    reason: str
    code_id: str
    version: int
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[PoolChangeKind, str]] = ..., node_id: _Optional[str] = ..., reason: _Optional[str] = ..., code_id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...
