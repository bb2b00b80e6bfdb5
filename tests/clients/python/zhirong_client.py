"""A sample client of Zhirong in Python: what an integrator of a bank or insurer copies and changes.

It reports a loan, repeats the report, corrects it, reads the three figures of the answer, has a sandbox settle, pulls the
batch with a cut in the middle and a resume, and hands the files to `zhirong verify`. Identity is the client certificate:
no message names the institution. Amounts are decimal text; never put them into a float.

    python zhirong_client.py --stubs DIR --identity DIR --server HOST:PORT --program PATH/zhirong
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid
from decimal import Decimal

import grpc

BANK = "102496000991"
LEGAL_PERSON = "91410500MA3X09007K"
ENTERPRISE = "91410502MA3X09015B"
PATENT = "202019900001.4"
DIVISION = "410500"
YEAR = 2025

# Reports carry a request id, so a call that got no answer may be sent again: the same id gets the first answer. The server publishes
# the same policy as deploy/service-config.json.
SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "timeout": "30s",
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "5s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"],
                },
            }
        ]
    }
)


def channel(identity, holder, server):
    """A mutual-TLS channel as one holder: `<holder>.pem` and `<holder>.key` beside `ca.pem`."""
    read = lambda name: (identity / name).read_bytes()
    credentials = grpc.ssl_channel_credentials(read("ca.pem"), read(f"{holder}.key"), read(f"{holder}.pem"))
    return grpc.secure_channel(
        server, credentials, options=[("grpc.service_config", SERVICE_CONFIG), ("grpc.enable_retries", 1)]
    )


def refusals(error):
    """The bad fields of a refused call: field, and text in Chinese and English."""
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status

    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        bad = error_details_pb2.BadRequest()
        if detail.Is(bad.DESCRIPTOR) and detail.Unpack(bad):
            yield from ((violation.field, violation.reason, violation.description) for violation in bad.field_violations)


class Bank:
    """The calls of a lender."""

    def __init__(self, identity, server):
        from google.type import date_pb2
        from zhirong.common.v1 import common_pb2
        from zhirong.pledge.v1 import pledge_pb2_grpc, records_pb2, requests_pb2

        self.date, self.common = date_pb2.Date, common_pb2
        self.records, self.requests = records_pb2, requests_pb2
        self.stub = pledge_pb2_grpc.PledgeServiceStub(channel(identity, BANK, server))

    def yuan(self, amount):
        return self.common.Money(currency_code="CNY", amount=str(amount))

    def loan(self, contract_no, pledge_no, amount):
        return self.records.Loan(
            contract_no=contract_no,
            borrower_uscc=ENTERPRISE,
            contract_amount=self.yuan(amount),
            signed_on=self.date(year=YEAR, month=3, day=5),
            revolving=False,
            collateral=self.records.COLLATERAL_PATENT,
            pledge_no=pledge_no,
        )

    def report(self, request_id, contract_no, pledge_no, amount):
        pledge = self.records.Pledge(
            pledge_no=pledge_no,
            pledgor_uscc=ENTERPRISE,
            pledgee_uscc=LEGAL_PERSON,
            registered_on=self.date(year=YEAR, month=3, day=10),
            patents=[PATENT],
        )
        draw = self.records.LoanEvent(
            event_no="1",
            kind=self.records.LOAN_EVENT_KIND_DRAW,
            occurred_at=f"{YEAR}-03-12T10:20:00+08:00",
            amount=self.yuan(amount),
        )
        request = self.requests.ReportLoanRequest(
            request_id=request_id, loan=self.loan(contract_no, pledge_no, amount), pledge=pledge, events=[draw]
        )
        return self.stub.ReportLoan(request)

    def correct(self, contract_no, event_no, amount):
        """Replaces an event by its next revision; the first stays in the books for ever."""
        event = self.records.LoanEvent(
            contract_no=contract_no,
            event_no=event_no,
            kind=self.records.LOAN_EVENT_KIND_DRAW,
            occurred_at=f"{YEAR}-03-12T10:20:00+08:00",
            amount=self.yuan(amount),
        )
        return self.stub.AmendLoanEvent(
            self.requests.AmendLoanEventRequest(request_id=str(uuid.uuid4()), loan_event=event)
        )


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")
    print(f"ok {what}: {found}")


def report_and_correct(bank):
    """Report, repeat, a changed repeat, a bad report, a correction; each answer is checked to the fen."""
    first = time.monotonic()
    request_id = str(uuid.uuid4())
    mark = request_id[:8].upper()
    contract_no, pledge_no = f"PY-{mark}", f"Y2025{int(mark, 16) % 10**9:09d}"
    answer = bank.report(request_id, contract_no, pledge_no, "8000000.00")
    figure = answer.assessment.enterprise_year
    expect("enterprise's year", figure.amount.amount, "150000.00")
    expect("clause", figure.clause.id, "A8.1.3")
    print(f"   {figure.sentence.zh}\n   {figure.sentence.en}")
    print(f"   first explained amount after {time.monotonic() - first:.2f} s", file=sys.stderr)
    expect("this contract now", answer.assessment.recognised_now.amount.amount, "150000.00")
    expect("when fully drawn", answer.assessment.contract_when_fully_drawn.amount.amount, "150000.00")

    again = bank.report(request_id, contract_no, pledge_no, "8000000.00")
    expect("a repeat gets the first answer", again == answer, True)
    try:
        bank.report(request_id, contract_no, pledge_no, "7000000.00")
        sys.exit("a changed repeat was accepted")
    except grpc.RpcError as error:
        expect("a changed repeat", error.code(), grpc.StatusCode.ALREADY_EXISTS)
    try:
        bank.report(str(uuid.uuid4()), contract_no + "-X", pledge_no, "9.14105E+17")
        sys.exit("a bad amount was accepted")
    except grpc.RpcError as error:
        fields = [field for field, _, _ in refusals(error)]
        expect("a bad amount names its fields", "loan.contract_amount" in fields, True)

    corrected = bank.correct(contract_no, "1", "5999999.99")
    expect("corrected revision", corrected.receipt.facts[0].revision, 2)
    figure = corrected.assessment.enterprise_year
    expect("enterprise's year after the correction", figure.amount.amount, "100000.00")
    return figure


def pull(identity, server, batch_no, out, cut_after):
    """Pulls a batch, leaves the stream after `cut_after` messages, and goes on with the token of the last one."""
    from zhirong.settlement.v1 import settlement_pb2, settlement_pb2_grpc

    stub = settlement_pb2_grpc.SettlementServiceStub(channel(identity, "finance-maker", server))
    messages, token = [], ""
    while True:
        request = settlement_pb2.StreamBatchRequest(name=f"batches/{batch_no}", resume_token=token)
        stream = stub.StreamBatch(request, timeout=600)
        for message in stream:
            if message.sequence != len(messages) + 1:
                sys.exit(f"message {message.sequence} after {len(messages)}")
            messages.append(message)
            token = message.resume_token
            if cut_after and len(messages) == cut_after:
                stream.cancel()
                cut_after = 0
                break
        else:
            break
    trailer = messages[-1].trailer
    lines = [message.line for message in messages if message.WhichOneof("message") == "line"]
    expect("lines of the stream", len(lines), trailer.lines_count)
    total = sum((Decimal(line.amount.amount) for line in lines), Decimal("0.00"))
    expect("sum of the lines", f"{total:.2f}", trailer.lines_sum.amount)
    (out / "messages.jsonl").write_text("\n".join(str(message).replace("\n", " ") for message in messages))
    return trailer.digests.batch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("stubs", "identity", "server", "program"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    sys.path.insert(0, options.stubs)
    identity = pathlib.Path(options.identity)
    report_and_correct(Bank(identity, options.server))

    target = ["--server", f"https://{options.server}", "--identity", str(identity)]
    settle = [options.program, "settle", "--division", DIVISION, "--year", str(YEAR), "--until", "released", *target]
    settled = subprocess.run(settle, check=True, capture_output=True, text=True).stdout
    batch_no = settled.split("batch_no ", 1)[1].split()[0]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        digest = pull(identity, options.server, batch_no, out, cut_after=3)
        subprocess.run([options.program, "export", batch_no, "--out", str(out / "batch"), *target], check=True, capture_output=True)
        verified = subprocess.run([options.program, "verify", str(out / "batch")], check=True, capture_output=True, text=True)
        expect("verified", digest in verified.stdout, True)
    print(f"ok batch {batch_no} {digest}")


if __name__ == "__main__":
    main()
