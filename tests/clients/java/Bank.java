import com.google.protobuf.InvalidProtocolBufferException;
import com.google.type.Date;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.UUID;
import zhirong.common.v1.Figure;
import zhirong.common.v1.LoanAssessment;
import zhirong.common.v1.Money;
import zhirong.pledge.v1.AmendLoanEventRequest;
import zhirong.pledge.v1.AmendLoanEventResponse;
import zhirong.pledge.v1.Collateral;
import zhirong.pledge.v1.Loan;
import zhirong.pledge.v1.LoanEvent;
import zhirong.pledge.v1.LoanEventKind;
import zhirong.pledge.v1.Pledge;
import zhirong.pledge.v1.PledgeServiceGrpc;
import zhirong.pledge.v1.ReportLoanRequest;
import zhirong.pledge.v1.ReportLoanResponse;
import zhirong.pledge.v1.WithdrawLoanRequest;
import zhirong.pledge.v1.WithdrawPledgeRequest;

/**
 * The calls of a lender: report, repeat, correct, withdraw.
 *
 * <p>Identity is the client certificate: no message names the institution. Amounts are decimal text; use {@link
 * java.math.BigDecimal}, never a double. A report that got no answer is sent again by gRPC itself, as the service config says:
 * under its {@code request_id} it is stored once.
 */
final class Bank {
    /** The sandbox's bank; below its legal person, an enterprise and a patent of it. */
    static final String BANK = "102496000991";

    private static final String LEGAL_PERSON = "91410500MA3X09007K";
    private static final String ENTERPRISE = "91410502MA3X09015B";
    private static final String PATENT = "202019900001.4";

    private final PledgeServiceGrpc.PledgeServiceBlockingStub stub;
    private final String contractNo;
    private final String pledgeNo;

    /** A lender with a contract number that nobody used before. */
    Bank(Channel channel) {
        stub = PledgeServiceGrpc.newBlockingStub(channel);
        String mark = String.format("%09d", Math.floorMod(UUID.randomUUID().getLeastSignificantBits(), 1_000_000_000L));
        contractNo = "JAVA-" + mark;
        pledgeNo = "Y2025" + mark;
    }

    /** A {@code request_id}: made before the first try, and the same for all of them. */
    private static String newId() {
        return UUID.randomUUID().toString();
    }

    private static Money yuan(String amount) {
        return Money.newBuilder().setCurrencyCode("CNY").setAmount(amount).build();
    }

    private static Date day(int month, int day) {
        return Date.newBuilder().setYear(2025).setMonth(month).setDay(day).build();
    }

    /** The three figures of an answer and the clause that decided the last one. */
    private static String figures(LoanAssessment assessment) {
        Figure year = assessment.getEnterpriseYear();
        return "enterprise year " + year.getAmount().getAmount() + " by " + year.getClause().getId()
                + ", contract now " + assessment.getRecognisedNow().getAmount().getAmount()
                + ", when fully drawn " + assessment.getContractWhenFullyDrawn().getAmount().getAmount();
    }

    private LoanEvent draw(String amount) {
        return LoanEvent.newBuilder()
                .setContractNo(contractNo)
                .setEventNo("1")
                .setKind(LoanEventKind.LOAN_EVENT_KIND_DRAW)
                .setOccurredAt("2025-03-12T10:20:00+08:00")
                .setAmount(yuan(amount))
                .build();
    }

    private ReportLoanResponse report(String requestId, String amount) {
        Pledge pledge =
                Pledge.newBuilder()
                        .setPledgeNo(pledgeNo)
                        .setPledgorUscc(ENTERPRISE)
                        .setPledgeeUscc(LEGAL_PERSON)
                        .setRegisteredOn(day(3, 10))
                        .addPatents(PATENT)
                        .build();
        Loan loan =
                Loan.newBuilder()
                        .setContractNo(contractNo)
                        .setBorrowerUscc(ENTERPRISE)
                        .setContractAmount(yuan(amount))
                        .setSignedOn(day(3, 5))
                        .setRevolving(false)
                        .setCollateral(Collateral.COLLATERAL_PATENT)
                        .setPledgeNo(pledgeNo)
                        .build();
        return stub.reportLoan(
                ReportLoanRequest.newBuilder()
                        .setRequestId(requestId)
                        .setPledge(pledge)
                        .setLoan(loan)
                        .addEvents(draw(amount))
                        .build());
    }

    /** Sends a report that must be refused with this code. */
    private void refused(String step, Status.Code code, String requestId, String amount)
            throws InvalidProtocolBufferException {
        try {
            report(requestId, amount);
        } catch (StatusRuntimeException refused) {
            if (refused.getStatus().getCode() != code) {
                throw refused;
            }
            System.out.println("ok " + step + ": " + Connection.refusal(refused));
            return;
        }
        throw new IllegalStateException(step + ": accepted");
    }

    /** Report, repeat, a changed repeat, a bad report, a correction. */
    void reportAndCorrect() throws InvalidProtocolBufferException {
        String requestId = newId();
        ReportLoanResponse answer = report(requestId, "8000000.00");
        System.out.println("ok report: " + figures(answer.getAssessment()));
        System.out.println("   " + answer.getAssessment().getEnterpriseYear().getSentence().getZh());

        ReportLoanResponse again = report(requestId, "8000000.00");
        System.out.println("ok repeat: the first answer again " + again.equals(answer));
        refused("changed", Status.Code.ALREADY_EXISTS, requestId, "7000000.00");
        refused("refused", Status.Code.INVALID_ARGUMENT, newId(), "9.14105E+17");

        // The draw is replaced by its next revision; the first stays in the books for ever.
        AmendLoanEventResponse corrected =
                stub.amendLoanEvent(
                        AmendLoanEventRequest.newBuilder()
                                .setRequestId(newId())
                                .setLoanEvent(draw("5999999.99"))
                                .build());
        int revision = corrected.getReceipt().getFacts(0).getRevision();
        System.out.println("ok correct: revision " + revision + ", " + figures(corrected.getAssessment()));
    }

    /** Withdraws the contract and its pledge, so that the sample can run again. */
    void withdraw() {
        stub.withdrawLoan(
                WithdrawLoanRequest.newBuilder().setRequestId(newId()).setName("loans/" + contractNo).build());
        stub.withdrawPledge(
                WithdrawPledgeRequest.newBuilder().setRequestId(newId()).setName("pledges/" + pledgeNo).build());
        System.out.println("ok withdraw: the contract and its pledge");
    }
}
