"""A sample client of Zhirong in Python: what an integrator of a bank or insurer copies and changes.

It reports a loan, repeats the report, corrects it, reads the figures of the answer, has the sandbox settle, pulls the batch with a cut
in the middle and a resume, computes its digests, has `zhirong verify` compute the rest, and withdraws its report.

    python3 sample.py IDENTITY_DIR localhost:7443 PATH/zhirong
"""

import pathlib
import subprocess
import sys
import tempfile

import grpc
from bank import BANK, Bank
from batch import Pull
from channel import connect, refusal


def run(program, *words):
    """Runs the program and answers what it printed."""
    done = subprocess.run([program, *words], capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def main(identity, server, program):
    bank = Bank(connect(identity, BANK, server))
    bank.report_and_correct()

    target = ("--server", f"https://{server}", "--identity", str(identity))
    settled = run(program, "settle", "--division", "410500", "--year", "2025", "--until", "released", *target)
    batch_no = settled.split("batch_no ", 1)[1].split()[0]
    print(f"ok settle: {batch_no}")

    pull = Pull(connect(identity, "finance-maker", server), batch_no)
    print(f"ok pull: {pull.run(cut_after=3)}")
    digest = pull.check()
    print(f"ok digests: {digest}")

    with tempfile.TemporaryDirectory() as folder:
        run(program, "export", batch_no, "--out", folder, *target)
        verified = run(program, "verify", folder)
    if digest not in verified:
        sys.exit(f"verify says another digest: {verified}")
    print(f"ok verify: {verified.splitlines()[0]}")
    bank.withdraw()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("python3 sample.py IDENTITY_DIR HOST:PORT PATH/zhirong")
    try:
        main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    except grpc.RpcError as error:
        sys.exit(refusal(error))
