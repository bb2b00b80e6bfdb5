#!/usr/bin/env bash
# Somebody with tables and no program of their own: one paste beside a running `zhirong serve --sandbox`.
set -euo pipefail
: "${SERVER:=localhost:7443}" "${IDENTITY:=zhirong-data/identity}"

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
cat > "$work/pledges.csv" <<'CSV'
机构代码,登记号,出质人,质权人,登记日,注销日,质押专利
102496000991,Y2025980009001,91410502MA3X09015B,91410500MA3X09007K,2025-03-10,,202019900001.4
CSV
cat > "$work/loans.csv" <<'CSV'
机构代码,合同号,借款人,合同金额,签订日,循环,担保方式,专利占比,登记号,续贷原合同,银团协议号
102496000991,FIRST-1,91410502MA3X09015B,8000000.00,2025-03-05,false,patent,,Y2025980009001,,
CSV
cat > "$work/loan_events.csv" <<'CSV'
机构代码,合同号,流水号,类型,发生时间,金额,冲正流水号
102496000991,FIRST-1,1,draw,2025-03-12T10:20:00+08:00,8000000.00,
CSV
target=(--server "https://$SERVER" --identity "$IDENTITY")
zhirong import "$work" "${target[@]}"
batch=$(zhirong settle --division 410500 --year 2025 "${target[@]}" | sed -n 's/^batch_no //p')
zhirong explain "$batch" 2 "${target[@]}"
