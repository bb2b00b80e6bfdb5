"""Pulling a settlement batch: resumed where it broke off, then held against its digests."""

import csv
import hashlib
import io
import json
import sys
from decimal import Decimal

import grpc
from zhirong.common.v1.assessment_pb2 import Measure
from zhirong.settlement.v1.settlement_pb2 import StreamBatchRequest
from zhirong.settlement.v1.settlement_pb2_grpc import SettlementServiceStub

BREAKS_MOST = 6
LINE_COLUMNS = (
    "batch_no line_no policy_year measure beneficiary beneficiary_name item base_amount entitled settled_before amount "
    "limited_by clause rule_revision"
).split()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Pull:
    """A batch being pulled. Keep `token` with what was processed, and a pull goes on after a restart too."""

    def __init__(self, channel, batch_no):
        self.stub = SettlementServiceStub(channel)
        self.name = f"batches/{batch_no}"
        self.messages, self.token = [], ""

    def run(self, cut_after=0):
        """Pulls every message once; answers the numbers that came in each piece, such as `1-3 4-57`."""
        pieces, breaks = [], 0
        while not (self.messages and self.messages[-1].HasField("trailer")):
            begun = len(self.messages)
            try:
                self.stream(cut_after)
            except grpc.RpcError as error:
                again = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
                breaks = 1 if len(self.messages) > begun else breaks + 1
                if error.code() not in again or breaks == BREAKS_MOST:
                    raise
            if len(self.messages) > begun:
                pieces.append(f"{self.messages[begun].sequence}-{self.messages[-1].sequence}")
            cut_after = 0
        return " ".join(pieces)

    def stream(self, cut_after):
        """One call: goes on behind the last message that came, and is left after `cut_after` messages where that is not 0."""
        stream = self.stub.StreamBatch(StreamBatchRequest(name=self.name, resume_token=self.token))
        for message in stream:
            if message.sequence != len(self.messages) + 1:
                sys.exit(f"message {message.sequence} came after {len(self.messages)}")
            self.messages.append(message)
            self.token = message.resume_token
            if len(self.messages) == cut_after:
                stream.cancel()
                return

    def check(self):
        """Holds what came against the batch's own digests; answers the digest of the batch."""
        kinds = {}
        for message in self.messages:
            kind = message.WhichOneof("message")
            kinds.setdefault(kind, []).append(getattr(message, kind))
        header, trailer, lines = kinds["header"][0], kinds["trailer"][0], kinds.get("line", [])
        # The receipt without digest and signature, in its own order and without white space, has the batch digest.
        receipt = json.loads(header.receipt_json)
        bare = {key: value for key, value in receipt.items() if key not in ("batch_digest", "signature")}
        total = sum((Decimal(line.amount.amount) for line in lines), Decimal("0.00"))
        wanted = {
            "count": (len(lines), trailer.lines_count),
            "sum": (f"{total:.2f}", receipt["line_sum"]),
            "policy": (sha256(header.policy_toml.encode()), receipt["policy_digest"]),
            "facts": (facts_digest(kinds.get("fact", [])), receipt["facts_digest"]),
            "lines": (sha256(lines_csv(lines)), receipt["lines_digest"]),
            "batch": (
                sha256(json.dumps(bare, ensure_ascii=False, separators=(",", ":")).encode()),
                receipt["batch_digest"],
            ),
            "trailer": (trailer.digests.batch, receipt["batch_digest"]),
        }
        for what, (found, stated) in wanted.items():
            if found != stated:
                sys.exit(f"{what}: {found} instead of {stated}")
        return receipt["batch_digest"]


def facts_digest(rows):
    """Of the files of `facts/`: path, a zero byte, SHA-256 of the bytes and a line feed of each, by path."""
    files = {}
    for row in rows:
        files.setdefault(f"facts/{row.file}.csv", ["\ufeff"]).append(f"{row.csv_line}\r\n")
    return sha256("".join(f"{path}\0{sha256(''.join(files[path]).encode())}\n" for path in sorted(files)).encode())


def lines_csv(lines):
    """The bytes of `lines.csv`: UTF-8 with a byte order mark, CRLF, quotes only where needed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(LINE_COLUMNS)
    for line in lines:
        writer.writerow([cell(line, column) for column in LINE_COLUMNS])
    return ("\ufeff" + text.getvalue()).encode()


def cell(line, column):
    value = getattr(line, column)
    if column == "measure":
        return Measure.Name(value).removeprefix("MEASURE_").lower()
    if column in ("base_amount", "entitled", "settled_before", "amount"):
        return value.amount
    # What a spreadsheet might take for a formula has an apostrophe in front.
    if column in ("beneficiary_name", "item") and value.lstrip("'").startswith(tuple("=+-@＝＋－＠")):
        return f"'{value}"
    return str(value)
