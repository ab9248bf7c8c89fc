"""Calls a CRI server as kubelet does. No generated code: protoc describes runtime.proto when the cases run."""

import os
import subprocess

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

HERE = os.path.dirname(os.path.abspath(__file__))


class Service:
    """`call(METHOD, field=value, …)` sends one request and gives the response; values are as in protobuf's JSON."""

    def __init__(self, socket):
        pool = _pool()
        classes = message_factory.MessageFactory(pool)
        self.channel = grpc.insecure_channel("unix:" + socket)
        self.methods = {}
        service = pool.FindServiceByName("runtime.v1.RuntimeService")
        for method in service.methods:
            request = classes.GetPrototype(method.input_type)
            send = self.channel.unary_unary(f"/{service.full_name}/{method.name}",
                                            request_serializer=request.SerializeToString,
                                            response_deserializer=classes.GetPrototype(method.output_type).FromString)
            self.methods[method.name] = request, send

    def call(self, method, seconds=120, **fields):
        request, send = self.methods[method]
        return send(json_format.ParseDict(fields, request()), timeout=seconds)

    def close(self):
        self.channel.close()


def _pool():
    described = subprocess.run(["protoc", "--descriptor_set_out=/dev/stdout", "-I", HERE, "runtime.proto"],
                               stdout=subprocess.PIPE, check=True).stdout
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(described).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool
