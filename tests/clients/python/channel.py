"""A connection to Zhirong as one holder, with the published policy of retries; and what a refusal says."""

import importlib.resources

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# Which calls may be sent again, how often, and how long each may take. It comes with the stubs and is the same for every language.
SERVICE_CONFIG = importlib.resources.files("zhirong").joinpath("service_config.json").read_text("utf-8")


def connect(identity, holder, server):
    """A channel over mutual TLS: `HOLDER.pem` and `HOLDER.key` beside `ca.pem` in the folder `identity`."""
    ca, key, certificate = ((identity / name).read_bytes() for name in ("ca.pem", f"{holder}.key", f"{holder}.pem"))
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    return grpc.secure_channel(server, credentials, options=[("grpc.service_config", SERVICE_CONFIG)])


def refusal(error):
    """What a call was refused for: its reason, then each bad field with its code and what is wrong, in Chinese and English."""
    info, fields = error_details_pb2.ErrorInfo(), []
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        bad = error_details_pb2.BadRequest()
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(bad.DESCRIPTOR):
            detail.Unpack(bad)
            fields.extend(bad.field_violations)
    texts = [info.reason or f"{error.code().name}: {error.details()}"]
    texts += [f"{field.field} {field.description}" for field in fields]
    return "; ".join(texts)
