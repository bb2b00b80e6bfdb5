#!/usr/bin/env bash
# Somebody without gRPC: one paste beside a running `zhirong serve --sandbox`.
set -euo pipefail
: "${SERVER:=localhost:7443}" "${IDENTITY:=zhirong-data/identity}"

curl --silent --show-error --fail-with-body --cacert "$IDENTITY/ca.pem" \
    --cert "$IDENTITY/102496000991.pem" --key "$IDENTITY/102496000991.key" \
    --header 'content-type: application/json' "https://$SERVER/zhirong.pledge.v1.PledgeService/ReportLoan" --data @- <<JSON
{
  "request_id": "$(cat /proc/sys/kernel/random/uuid)",
  "pledge": {"pledge_no": "Y2025980009001", "pledgor_uscc": "91410502MA3X09015B", "pledgee_uscc": "91410500MA3X09007K",
    "registered_on": {"year": 2025, "month": 3, "day": 10}, "patents": ["202019900001.4"]},
  "loan": {"contract_no": "FIRST-1", "borrower_uscc": "91410502MA3X09015B",
    "contract_amount": {"currency_code": "CNY", "amount": "8000000.00"}, "signed_on": {"year": 2025, "month": 3, "day": 5},
    "revolving": false, "collateral": "COLLATERAL_PATENT", "pledge_no": "Y2025980009001"},
  "events": [{"event_no": "1", "kind": "LOAN_EVENT_KIND_DRAW", "occurred_at": "2025-03-12T10:20:00+08:00",
    "amount": {"currency_code": "CNY", "amount": "8000000.00"}}]
}
JSON
