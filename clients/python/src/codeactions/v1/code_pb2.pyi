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

class CodeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_TYPE_UNSPECIFIED: _ClassVar[CodeType]
    CODE_TYPE_FLOW: _ClassVar[CodeType]
    CODE_TYPE_ENDPOINT: _ClassVar[CodeType]

class Language(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LANGUAGE_UNSPECIFIED: _ClassVar[Language]
    LANGUAGE_PYTHON: _ClassVar[Language]
    LANGUAGE_JAVASCRIPT: _ClassVar[Language]
    LANGUAGE_TYPESCRIPT: _ClassVar[Language]
    LANGUAGE_GO: _ClassVar[Language]

class Isolation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ISOLATION_UNSPECIFIED: _ClassVar[Isolation]
    ISOLATION_WARM: _ClassVar[Isolation]
    ISOLATION_FRESH: _ClassVar[Isolation]

class EndpointAuth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_AUTH_UNSPECIFIED: _ClassVar[EndpointAuth]
    ENDPOINT_AUTH_PUBLIC: _ClassVar[EndpointAuth]
    ENDPOINT_AUTH_TOKEN: _ClassVar[EndpointAuth]

class RecordPayloads(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_PAYLOADS_UNSPECIFIED: _ClassVar[RecordPayloads]
    RECORD_PAYLOADS_ALL: _ClassVar[RecordPayloads]
    RECORD_PAYLOADS_METADATA: _ClassVar[RecordPayloads]

class ProblemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBLEM_KIND_UNSPECIFIED: _ClassVar[ProblemKind]
    PROBLEM_KIND_SYNTAX: _ClassVar[ProblemKind]
    PROBLEM_KIND_ENTRY_POINT: _ClassVar[ProblemKind]
    PROBLEM_KIND_IMPORT: _ClassVar[ProblemKind]
    PROBLEM_KIND_TYPE: _ClassVar[ProblemKind]
CODE_TYPE_UNSPECIFIED: CodeType
CODE_TYPE_FLOW: CodeType
CODE_TYPE_ENDPOINT: CodeType
LANGUAGE_UNSPECIFIED: Language
LANGUAGE_PYTHON: Language
LANGUAGE_JAVASCRIPT: Language
LANGUAGE_TYPESCRIPT: Language
LANGUAGE_GO: Language
ISOLATION_UNSPECIFIED: Isolation
ISOLATION_WARM: Isolation
ISOLATION_FRESH: Isolation
ENDPOINT_AUTH_UNSPECIFIED: EndpointAuth
ENDPOINT_AUTH_PUBLIC: EndpointAuth
ENDPOINT_AUTH_TOKEN: EndpointAuth
RECORD_PAYLOADS_UNSPECIFIED: RecordPayloads
RECORD_PAYLOADS_ALL: RecordPayloads
RECORD_PAYLOADS_METADATA: RecordPayloads
PROBLEM_KIND_UNSPECIFIED: ProblemKind
PROBLEM_KIND_SYNTAX: ProblemKind
PROBLEM_KIND_ENTRY_POINT: ProblemKind
PROBLEM_KIND_IMPORT: ProblemKind
PROBLEM_KIND_TYPE: ProblemKind

class Code(_message.Message):
    __slots__ = ("id", "project_id", "name", "slug", "description", "labels", "type", "language", "active_version", "timeout", "memory_limit_bytes", "max_concurrency", "rate_limit", "egress_hosts", "isolation", "environment", "endpoint_auth", "record_payloads", "public_url", "etag", "create_time", "update_time", "delete_time", "limits")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    EGRESS_HOSTS_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_AUTH_FIELD_NUMBER: _ClassVar[int]
    RECORD_PAYLOADS_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_URL_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    id: str
    project_id: str
    name: str
    slug: str
    description: str
    labels: _containers.ScalarMap[str, str]
    type: CodeType
    language: Language
    active_version: int
    timeout: _duration_pb2.Duration
    memory_limit_bytes: int
    max_concurrency: int
    rate_limit: RateLimit
    egress_hosts: _containers.RepeatedScalarFieldContainer[str]
    isolation: Isolation
    environment: _containers.ScalarMap[str, str]
    endpoint_auth: EndpointAuth
    record_payloads: RecordPayloads
    public_url: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    delete_time: _timestamp_pb2.Timestamp
    limits: Limits
    def __init__(self, id: _Optional[str] = ..., project_id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., type: _Optional[_Union[CodeType, str]] = ..., language: _Optional[_Union[Language, str]] = ..., active_version: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory_limit_bytes: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., rate_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., egress_hosts: _Optional[_Iterable[str]] = ..., isolation: _Optional[_Union[Isolation, str]] = ..., environment: _Optional[_Mapping[str, str]] = ..., endpoint_auth: _Optional[_Union[EndpointAuth, str]] = ..., record_payloads: _Optional[_Union[RecordPayloads, str]] = ..., public_url: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cpu_millis", "cpu_time", "output_bytes", "processes", "tmp_bytes", "open_files")
    CPU_MILLIS_FIELD_NUMBER: _ClassVar[int]
    CPU_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    TMP_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FILES_FIELD_NUMBER: _ClassVar[int]
    cpu_millis: int
    cpu_time: _duration_pb2.Duration
    output_bytes: int
    processes: int
    tmp_bytes: int
    open_files: int
    def __init__(self, cpu_millis: _Optional[int] = ..., cpu_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., output_bytes: _Optional[int] = ..., processes: _Optional[int] = ..., tmp_bytes: _Optional[int] = ..., open_files: _Optional[int] = ...) -> None: ...

class EgressHostsUpdate(_message.Message):
    __slots__ = ("egress_hosts",)
    EGRESS_HOSTS_FIELD_NUMBER: _ClassVar[int]
    egress_hosts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, egress_hosts: _Optional[_Iterable[str]] = ...) -> None: ...

class CodeVersion(_message.Message):
    __slots__ = ("code_id", "number", "source", "source_sha256", "source_size_bytes", "create_time", "created_by")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    number: int
    source: str
    source_sha256: str
    source_size_bytes: int
    create_time: _timestamp_pb2.Timestamp
    created_by: str
    def __init__(self, code_id: _Optional[str] = ..., number: _Optional[int] = ..., source: _Optional[str] = ..., source_sha256: _Optional[str] = ..., source_size_bytes: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("requests", "window")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    requests: int
    window: _duration_pb2.Duration
    def __init__(self, requests: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("kind", "message", "line", "column")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    kind: ProblemKind
    message: str
    line: int
    column: int
    def __init__(self, kind: _Optional[_Union[ProblemKind, str]] = ..., message: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...
