"""Runs a generator that is built into grpcio-tools as a plugin, which buf needs it to be.

python builtin.py python|pyi|grpc_python
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    generator = sys.argv[1]
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        options = [f"--descriptor_set_in={descriptors}", f"--{generator}_out={out}"]
        status = protoc.main(["protoc", *options, *files_for(generator, request)])
        if status != 0:
            sys.exit(status)
        for path in sorted(path for path in out.rglob("*") if path.is_file()):
            response.file.add(name=path.relative_to(out).as_posix(), content=path.read_text("utf-8"))
    sys.stdout.buffer.write(response.SerializeToString())


def files_for(generator: str, request: plugin_pb2.CodeGeneratorRequest) -> list[str]:
    """The stubs of a file without a service would be an empty module."""
    has_services = {file.name: bool(file.service) for file in request.proto_file}
    return [name for name in request.file_to_generate if generator != "grpc_python" or has_services[name]]


main()
