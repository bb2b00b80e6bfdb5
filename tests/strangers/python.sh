#!/usr/bin/env bash
# An integrator with Python: one paste beside a running `zhirong serve --sandbox` and an unpacked release bundle.
set -euo pipefail
: "${SERVER:=localhost:7443}" "${IDENTITY:=zhirong-data/identity}" "${BUNDLE:=zhirong-0.1.0}"

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --no-deps --no-index --disable-pip-version-check --root-user-action=ignore \
    --target "$work" "$BUNDLE"/python/*.whl
PYTHONPATH="$work${PYTHONPATH:+:$PYTHONPATH}" PYTHONIOENCODING=utf-8 python3 - "$IDENTITY" "$SERVER" <<'PYTHON'
import pathlib, sys, uuid
import grpc
from google.type.date_pb2 import Date
from zhirong.common.v1.common_pb2 import Money
from zhirong.pledge.v1.pledge_pb2_grpc import PledgeServiceStub
from zhirong.pledge.v1.records_pb2 import COLLATERAL_PATENT, LOAN_EVENT_KIND_DRAW, Loan, LoanEvent, Pledge
from zhirong.pledge.v1.requests_pb2 import ReportLoanRequest

identity = pathlib.Path(sys.argv[1])
pem = [(identity / name).read_bytes() for name in ("ca.pem", "102496000991.key", "102496000991.pem")]
channel = grpc.secure_channel(sys.argv[2], grpc.ssl_channel_credentials(*pem))
amount = Money(currency_code="CNY", amount="8000000.00")
year = PledgeServiceStub(channel).ReportLoan(ReportLoanRequest(
    request_id=str(uuid.uuid4()),
    pledge=Pledge(pledge_no="Y2025980009001", pledgor_uscc="91410502MA3X09015B", pledgee_uscc="91410500MA3X09007K",
                  registered_on=Date(year=2025, month=3, day=10), patents=["202019900001.4"]),
    loan=Loan(contract_no="FIRST-1", borrower_uscc="91410502MA3X09015B", contract_amount=amount,
              signed_on=Date(year=2025, month=3, day=5), revolving=False, collateral=COLLATERAL_PATENT, pledge_no="Y2025980009001"),
    events=[LoanEvent(event_no="1", kind=LOAN_EVENT_KIND_DRAW, occurred_at="2025-03-12T10:20:00+08:00", amount=amount)],
)).assessment.enterprise_year
print(year.amount.amount, year.clause.id)
print(year.sentence.zh)
PYTHON
