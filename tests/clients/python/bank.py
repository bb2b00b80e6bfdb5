"""The calls of a lender: report, repeat, correct, withdraw.

Identity is the client certificate: no message names the institution. Amounts are decimal text; use `decimal.Decimal`, never a float.
A report that got no answer is sent again by gRPC itself, as the service config says: under its `request_id` it is stored once.
"""

import sys
import uuid

import grpc
from channel import refusal
from google.type.date_pb2 import Date
from zhirong.common.v1.common_pb2 import Money
from zhirong.pledge.v1 import records_pb2 as records
from zhirong.pledge.v1 import requests_pb2 as requests
from zhirong.pledge.v1.pledge_pb2_grpc import PledgeServiceStub

# The sandbox's bank, its legal person, an enterprise and a patent of it.
BANK = "102496000991"
LEGAL_PERSON = "91410500MA3X09007K"
ENTERPRISE = "91410502MA3X09015B"
PATENT = "202019900001.4"


def new_id():
    """A `request_id`: made before the first try, and the same for all of them."""
    return str(uuid.uuid4())


def yuan(amount):
    return Money(currency_code="CNY", amount=amount)


def day(month, day):
    return Date(year=2025, month=month, day=day)


def figures(assessment):
    """The three figures of an answer and the clause that decided the last one."""
    year = assessment.enterprise_year
    return (
        f"enterprise year {year.amount.amount} by {year.clause.id}, "
        f"contract now {assessment.recognised_now.amount.amount}, "
        f"when fully drawn {assessment.contract_when_fully_drawn.amount.amount}"
    )


class Bank:
    """A lender with a contract number that nobody used before."""

    def __init__(self, channel):
        self.stub = PledgeServiceStub(channel)
        mark = f"{uuid.uuid4().int % 10**9:09d}"
        self.contract_no, self.pledge_no = f"PYTHON-{mark}", f"Y2025{mark}"

    def draw(self, amount):
        return records.LoanEvent(
            contract_no=self.contract_no,
            event_no="1",
            kind=records.LOAN_EVENT_KIND_DRAW,
            occurred_at="2025-03-12T10:20:00+08:00",
            amount=yuan(amount),
        )

    def report(self, request_id, amount):
        pledge = records.Pledge(
            pledge_no=self.pledge_no,
            pledgor_uscc=ENTERPRISE,
            pledgee_uscc=LEGAL_PERSON,
            registered_on=day(3, 10),
            patents=[PATENT],
        )
        loan = records.Loan(
            contract_no=self.contract_no,
            borrower_uscc=ENTERPRISE,
            contract_amount=yuan(amount),
            signed_on=day(3, 5),
            revolving=False,
            collateral=records.COLLATERAL_PATENT,
            pledge_no=self.pledge_no,
        )
        return self.stub.ReportLoan(
            requests.ReportLoanRequest(request_id=request_id, pledge=pledge, loan=loan, events=[self.draw(amount)])
        )

    def refused(self, step, code, request_id, amount):
        """Sends a report that must be refused with this code."""
        try:
            self.report(request_id, amount)
        except grpc.RpcError as error:
            if error.code() != code:
                raise
            print(f"ok {step}: {refusal(error)}")
        else:
            sys.exit(f"{step}: accepted")

    def report_and_correct(self):
        """Report, repeat, a changed repeat, a bad report, a correction."""
        request_id = new_id()
        answer = self.report(request_id, "8000000.00")
        print(f"ok report: {figures(answer.assessment)}")
        print(f"   {answer.assessment.enterprise_year.sentence.zh}")

        again = self.report(request_id, "8000000.00")
        print(f"ok repeat: the first answer again {str(again == answer).lower()}")
        self.refused("changed", grpc.StatusCode.ALREADY_EXISTS, request_id, "7000000.00")
        self.refused("refused", grpc.StatusCode.INVALID_ARGUMENT, new_id(), "9.14105E+17")

        # The draw is replaced by its next revision; the first stays in the books for ever.
        corrected = self.stub.AmendLoanEvent(
            requests.AmendLoanEventRequest(request_id=new_id(), loan_event=self.draw("5999999.99"))
        )
        print(f"ok correct: revision {corrected.receipt.facts[0].revision}, {figures(corrected.assessment)}")

    def withdraw(self):
        """Withdraws the contract and its pledge, so that the sample can run again."""
        self.stub.WithdrawLoan(requests.WithdrawLoanRequest(request_id=new_id(), name=f"loans/{self.contract_no}"))
        self.stub.WithdrawPledge(requests.WithdrawPledgeRequest(request_id=new_id(), name=f"pledges/{self.pledge_no}"))
        print("ok withdraw: the contract and its pledge")
