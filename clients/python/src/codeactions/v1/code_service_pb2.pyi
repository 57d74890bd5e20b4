import datetime

from codeactions.v1 import code_pb2 as _code_pb2
from codeactions.v1 import secret_pb2 as _secret_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CodeVersionView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_VERSION_VIEW_UNSPECIFIED: _ClassVar[CodeVersionView]
    CODE_VERSION_VIEW_BASIC: _ClassVar[CodeVersionView]
    CODE_VERSION_VIEW_FULL: _ClassVar[CodeVersionView]
CODE_VERSION_VIEW_UNSPECIFIED: CodeVersionView
CODE_VERSION_VIEW_BASIC: CodeVersionView
CODE_VERSION_VIEW_FULL: CodeVersionView

class CreateCodeRequest(_message.Message):
    __slots__ = ("project_id", "name", "slug", "description", "labels", "type", "language", "source", "request_id", "timeout", "memory_limit_bytes", "max_concurrency", "rate_limit", "egress_hosts", "isolation", "environment", "endpoint_auth", "record_payloads", "limits")
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
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    EGRESS_HOSTS_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_AUTH_FIELD_NUMBER: _ClassVar[int]
    RECORD_PAYLOADS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    name: str
    slug: str
    description: str
    labels: _containers.ScalarMap[str, str]
    type: _code_pb2.CodeType
    language: _code_pb2.Language
    source: str
    request_id: str
    timeout: _duration_pb2.Duration
    memory_limit_bytes: int
    max_concurrency: int
    rate_limit: _code_pb2.RateLimit
    egress_hosts: _containers.RepeatedScalarFieldContainer[str]
    isolation: _code_pb2.Isolation
    environment: _containers.ScalarMap[str, str]
    endpoint_auth: _code_pb2.EndpointAuth
    record_payloads: _code_pb2.RecordPayloads
    limits: _code_pb2.Limits
    def __init__(self, project_id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., type: _Optional[_Union[_code_pb2.CodeType, str]] = ..., language: _Optional[_Union[_code_pb2.Language, str]] = ..., source: _Optional[str] = ..., request_id: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory_limit_bytes: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., rate_limit: _Optional[_Union[_code_pb2.RateLimit, _Mapping]] = ..., egress_hosts: _Optional[_Iterable[str]] = ..., isolation: _Optional[_Union[_code_pb2.Isolation, str]] = ..., environment: _Optional[_Mapping[str, str]] = ..., endpoint_auth: _Optional[_Union[_code_pb2.EndpointAuth, str]] = ..., record_payloads: _Optional[_Union[_code_pb2.RecordPayloads, str]] = ..., limits: _Optional[_Union[_code_pb2.Limits, _Mapping]] = ...) -> None: ...

class CreateCodeResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ...) -> None: ...

class GetCodeRequest(_message.Message):
    __slots__ = ("code_id",)
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    def __init__(self, code_id: _Optional[str] = ...) -> None: ...

class GetCodeResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ...) -> None: ...

class ListCodesRequest(_message.Message):
    __slots__ = ("project_id", "page_size", "page_token", "type", "language", "labels", "show_deleted")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SHOW_DELETED_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    page_size: int
    page_token: str
    type: _code_pb2.CodeType
    language: _code_pb2.Language
    labels: _containers.ScalarMap[str, str]
    show_deleted: bool
    def __init__(self, project_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., type: _Optional[_Union[_code_pb2.CodeType, str]] = ..., language: _Optional[_Union[_code_pb2.Language, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., show_deleted: bool = ...) -> None: ...

class ListCodesResponse(_message.Message):
    __slots__ = ("codes", "next_page_token")
    CODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedCompositeFieldContainer[_code_pb2.Code]
    next_page_token: str
    def __init__(self, codes: _Optional[_Iterable[_Union[_code_pb2.Code, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateCodeRequest(_message.Message):
    __slots__ = ("code_id", "etag", "name", "slug", "description", "labels", "type", "source", "draft", "timeout", "memory_limit_bytes", "max_concurrency", "rate_limit", "egress_hosts", "isolation", "environment", "endpoint_auth", "record_payloads", "limits")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    EGRESS_HOSTS_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_AUTH_FIELD_NUMBER: _ClassVar[int]
    RECORD_PAYLOADS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    etag: str
    name: str
    slug: str
    description: str
    labels: LabelsUpdate
    type: _code_pb2.CodeType
    source: str
    draft: bool
    timeout: _duration_pb2.Duration
    memory_limit_bytes: int
    max_concurrency: int
    rate_limit: _code_pb2.RateLimit
    egress_hosts: _code_pb2.EgressHostsUpdate
    isolation: _code_pb2.Isolation
    environment: EnvironmentUpdate
    endpoint_auth: _code_pb2.EndpointAuth
    record_payloads: _code_pb2.RecordPayloads
    limits: _code_pb2.Limits
    def __init__(self, code_id: _Optional[str] = ..., etag: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Union[LabelsUpdate, _Mapping]] = ..., type: _Optional[_Union[_code_pb2.CodeType, str]] = ..., source: _Optional[str] = ..., draft: bool = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., memory_limit_bytes: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., rate_limit: _Optional[_Union[_code_pb2.RateLimit, _Mapping]] = ..., egress_hosts: _Optional[_Union[_code_pb2.EgressHostsUpdate, _Mapping]] = ..., isolation: _Optional[_Union[_code_pb2.Isolation, str]] = ..., environment: _Optional[_Union[EnvironmentUpdate, _Mapping]] = ..., endpoint_auth: _Optional[_Union[_code_pb2.EndpointAuth, str]] = ..., record_payloads: _Optional[_Union[_code_pb2.RecordPayloads, str]] = ..., limits: _Optional[_Union[_code_pb2.Limits, _Mapping]] = ...) -> None: ...

class LabelsUpdate(_message.Message):
    __slots__ = ("labels",)
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LABELS_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.ScalarMap[str, str]
    def __init__(self, labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class EnvironmentUpdate(_message.Message):
    __slots__ = ("environment",)
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    environment: _containers.ScalarMap[str, str]
    def __init__(self, environment: _Optional[_Mapping[str, str]] = ...) -> None: ...

class UpdateCodeResponse(_message.Message):
    __slots__ = ("code", "version")
    CODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    version: _code_pb2.CodeVersion
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ..., version: _Optional[_Union[_code_pb2.CodeVersion, _Mapping]] = ...) -> None: ...

class DeleteCodeRequest(_message.Message):
    __slots__ = ("code_id", "etag")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    etag: str
    def __init__(self, code_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteCodeResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ...) -> None: ...

class UndeleteCodeRequest(_message.Message):
    __slots__ = ("code_id",)
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    def __init__(self, code_id: _Optional[str] = ...) -> None: ...

class UndeleteCodeResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ...) -> None: ...

class ListCodeVersionsRequest(_message.Message):
    __slots__ = ("code_id", "page_size", "page_token", "view")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    page_size: int
    page_token: str
    view: CodeVersionView
    def __init__(self, code_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., view: _Optional[_Union[CodeVersionView, str]] = ...) -> None: ...

class ListCodeVersionsResponse(_message.Message):
    __slots__ = ("versions", "next_page_token")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[_code_pb2.CodeVersion]
    next_page_token: str
    def __init__(self, versions: _Optional[_Iterable[_Union[_code_pb2.CodeVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetCodeVersionRequest(_message.Message):
    __slots__ = ("code_id", "number")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    number: int
    def __init__(self, code_id: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class GetCodeVersionResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: _code_pb2.CodeVersion
    def __init__(self, version: _Optional[_Union[_code_pb2.CodeVersion, _Mapping]] = ...) -> None: ...

class ActivateCodeVersionRequest(_message.Message):
    __slots__ = ("code_id", "number", "etag")
    CODE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    code_id: str
    number: int
    etag: str
    def __init__(self, code_id: _Optional[str] = ..., number: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class ActivateCodeVersionResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, _Mapping]] = ...) -> None: ...

class CheckCodeRequest(_message.Message):
    __slots__ = ("project_id", "language", "source")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    language: _code_pb2.Language
    source: str
    def __init__(self, project_id: _Optional[str] = ..., language: _Optional[_Union[_code_pb2.Language, str]] = ..., source: _Optional[str] = ...) -> None: ...

class CheckCodeResponse(_message.Message):
    __slots__ = ("problems",)
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedCompositeFieldContainer[_code_pb2.Problem]
    def __init__(self, problems: _Optional[_Iterable[_Union[_code_pb2.Problem, _Mapping]]] = ...) -> None: ...

class PutSecretRequest(_message.Message):
    __slots__ = ("project_id", "name", "value")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    name: str
    value: str
    def __init__(self, project_id: _Optional[str] = ..., name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class PutSecretResponse(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: _secret_pb2.Secret
    def __init__(self, secret: _Optional[_Union[_secret_pb2.Secret, _Mapping]] = ...) -> None: ...

class ListSecretsRequest(_message.Message):
    __slots__ = ("project_id", "page_size", "page_token")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    page_size: int
    page_token: str
    def __init__(self, project_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSecretsResponse(_message.Message):
    __slots__ = ("secrets", "next_page_token")
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    secrets: _containers.RepeatedCompositeFieldContainer[_secret_pb2.Secret]
    next_page_token: str
    def __init__(self, secrets: _Optional[_Iterable[_Union[_secret_pb2.Secret, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteSecretRequest(_message.Message):
    __slots__ = ("project_id", "name")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    name: str
    def __init__(self, project_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteSecretResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
