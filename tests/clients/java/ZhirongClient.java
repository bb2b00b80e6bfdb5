import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.type.Date;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import zhirong.common.v1.Figure;
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
import zhirong.settlement.v1.BatchTrailer;
import zhirong.settlement.v1.SettlementServiceGrpc;
import zhirong.settlement.v1.StreamBatchRequest;
import zhirong.settlement.v1.StreamBatchResponse;

/**
 * A sample client of Zhirong in Java 17: what a bank's developer copies and changes.
 *
 * <p>It reports a loan, repeats the report, corrects it, reads the three figures of the answer, has a sandbox settle, pulls the
 * batch with a cut in the middle and a resume, and hands the files to {@code zhirong verify}. Identity is the client certificate:
 * no message names the institution. Amounts are decimal text and become {@link BigDecimal}, never a double.
 *
 * <p>Usage: {@code java ZhirongClient IDENTITY_DIR HOST:PORT PATH/zhirong}
 */
public final class ZhirongClient {
    private static final String BANK = "102496000991";
    private static final String LEGAL_PERSON = "91410500MA3X09007K";
    private static final String ENTERPRISE = "91410502MA3X09015B";
    private static final String PATENT = "202019900001.4";
    private static final int YEAR = 2025;

    /** Reports carry a request id, so a call that got no answer may be sent again: the same id gets the first answer. */
    private static final Map<String, Object> RETRIES =
            Map.of(
                    "methodConfig",
                    List.of(
                            Map.of(
                                    "name", List.of(Map.of()),
                                    "timeout", "30s",
                                    "retryPolicy",
                                    Map.of(
                                            "maxAttempts", 5.0,
                                            "initialBackoff", "0.2s",
                                            "maxBackoff", "5s",
                                            "backoffMultiplier", 2.0,
                                            "retryableStatusCodes",
                                            List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED")))));

    private ZhirongClient() {}

    /** A mutual-TLS channel as one holder: {@code <holder>.pem} and {@code <holder>.key} beside {@code ca.pem}. */
    private static ManagedChannel channel(Path identity, String holder, String server) throws Exception {
        File certificate = identity.resolve(holder + ".pem").toFile();
        File key = identity.resolve(holder + ".key").toFile();
        return NettyChannelBuilder.forTarget(server)
                .sslContext(
                        GrpcSslContexts.forClient()
                                .trustManager(identity.resolve("ca.pem").toFile())
                                .keyManager(certificate, key)
                                .build())
                .defaultServiceConfig(RETRIES)
                .enableRetry()
                .build();
    }

    private static Money yuan(String amount) {
        return Money.newBuilder().setCurrencyCode("CNY").setAmount(amount).build();
    }

    private static Date day(int month, int day) {
        return Date.newBuilder().setYear(YEAR).setMonth(month).setDay(day).build();
    }

    private static ReportLoanRequest report(String requestId, String contractNo, String pledgeNo, String amount) {
        return ReportLoanRequest.newBuilder()
                .setRequestId(requestId)
                .setPledge(
                        Pledge.newBuilder()
                                .setPledgeNo(pledgeNo)
                                .setPledgorUscc(ENTERPRISE)
                                .setPledgeeUscc(LEGAL_PERSON)
                                .setRegisteredOn(day(3, 10))
                                .addPatents(PATENT))
                .setLoan(
                        Loan.newBuilder()
                                .setContractNo(contractNo)
                                .setBorrowerUscc(ENTERPRISE)
                                .setContractAmount(yuan(amount))
                                .setSignedOn(day(3, 5))
                                .setRevolving(false)
                                .setCollateral(Collateral.COLLATERAL_PATENT)
                                .setPledgeNo(pledgeNo))
                .addEvents(draw(amount))
                .build();
    }

    private static LoanEvent.Builder draw(String amount) {
        return LoanEvent.newBuilder()
                .setEventNo("1")
                .setKind(LoanEventKind.LOAN_EVENT_KIND_DRAW)
                .setOccurredAt(YEAR + "-03-12T10:20:00+08:00")
                .setAmount(yuan(amount));
    }

    private static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) {
            throw new IllegalStateException(what + ": " + found + " instead of " + wanted);
        }
        System.out.println("ok " + what + ": " + found);
    }

    /** The bad fields of a refused call. */
    private static List<String> badFields(StatusRuntimeException refused) throws Exception {
        List<String> fields = new ArrayList<>();
        for (Any detail : StatusProto.fromThrowable(refused).getDetailsList()) {
            if (detail.is(BadRequest.class)) {
                detail.unpack(BadRequest.class).getFieldViolationsList().forEach(it -> fields.add(it.getField()));
            }
        }
        return fields;
    }

    private static void reportAndCorrect(PledgeServiceGrpc.PledgeServiceBlockingStub bank) throws Exception {
        String requestId = UUID.randomUUID().toString();
        long mark = Long.parseLong(requestId.substring(0, 8), 16);
        String contractNo = "JAVA-" + mark;
        String pledgeNo = String.format("Y%d%09d", YEAR, mark % 1_000_000_000L);
        ReportLoanRequest request = report(requestId, contractNo, pledgeNo, "8000000.00");
        long begun = System.nanoTime();
        ReportLoanResponse answer = bank.reportLoan(request);
        Figure year = answer.getAssessment().getEnterpriseYear();
        expect("enterprise's year", year.getAmount().getAmount(), "150000.00");
        expect("clause", year.getClause().getId(), "A8.1.3");
        System.out.println("   " + year.getSentence().getZh() + "\n   " + year.getSentence().getEn());
        System.err.printf("   first explained amount after %d ms%n", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
        expect("this contract now", answer.getAssessment().getRecognisedNow().getAmount().getAmount(), "150000.00");
        expect(
                "when fully drawn",
                answer.getAssessment().getContractWhenFullyDrawn().getAmount().getAmount(),
                "150000.00");

        expect("a repeat gets the first answer", bank.reportLoan(request).equals(answer), true);
        try {
            bank.reportLoan(report(requestId, contractNo, pledgeNo, "7000000.00"));
            throw new IllegalStateException("a changed repeat was accepted");
        } catch (StatusRuntimeException refused) {
            expect("a changed repeat", refused.getStatus().getCode().name(), "ALREADY_EXISTS");
        }
        try {
            bank.reportLoan(report(UUID.randomUUID().toString(), contractNo + "-X", pledgeNo, "9.14105E+17"));
            throw new IllegalStateException("a bad amount was accepted");
        } catch (StatusRuntimeException refused) {
            expect("a bad amount names its fields", badFields(refused).contains("loan.contract_amount"), true);
        }

        AmendLoanEventResponse corrected =
                bank.amendLoanEvent(
                        AmendLoanEventRequest.newBuilder()
                                .setRequestId(UUID.randomUUID().toString())
                                .setLoanEvent(draw("5999999.99").setContractNo(contractNo))
                                .build());
        expect("corrected revision", corrected.getReceipt().getFacts(0).getRevision(), 2);
        expect(
                "enterprise's year after the correction",
                corrected.getAssessment().getEnterpriseYear().getAmount().getAmount(),
                "100000.00");
    }

    /** Pulls a batch, leaves the stream after some messages, and goes on with the token of the last one. */
    private static String pull(
            SettlementServiceGrpc.SettlementServiceBlockingStub finance, String batchNo, int cutAfter) {
        String token = "";
        long messages = 0;
        long lines = 0;
        BigDecimal sum = new BigDecimal("0.00");
        while (true) {
            io.grpc.Context.CancellableContext call = io.grpc.Context.current().withCancellation();
            io.grpc.Context before = call.attach();
            try {
                Iterator<StreamBatchResponse> stream =
                        finance.withDeadlineAfter(600, TimeUnit.SECONDS)
                                .streamBatch(
                                        StreamBatchRequest.newBuilder()
                                                .setName("batches/" + batchNo)
                                                .setResumeToken(token)
                                                .build());
                while (stream.hasNext()) {
                    StreamBatchResponse message = stream.next();
                    expectNext(messages, message.getSequence());
                    messages++;
                    token = message.getResumeToken();
                    if (message.hasLine()) {
                        lines++;
                        sum = sum.add(new BigDecimal(message.getLine().getAmount().getAmount()));
                    }
                    if (message.hasTrailer()) {
                        BatchTrailer trailer = message.getTrailer();
                        expect("lines of the stream", lines, trailer.getLinesCount());
                        expect("sum of the lines", sum.toPlainString(), trailer.getLinesSum().getAmount());
                        return trailer.getDigests().getBatch();
                    }
                    if (messages == cutAfter) {
                        break;
                    }
                }
            } finally {
                call.detach(before);
                call.cancel(null);
            }
        }
    }

    private static void expectNext(long before, long sequence) {
        if (sequence != before + 1) {
            throw new IllegalStateException("message " + sequence + " after " + before);
        }
    }

    private static String run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command + " failed");
        }
        return output;
    }

    public static void main(String[] arguments) throws Exception {
        Path identity = Path.of(arguments[0]);
        String server = arguments[1];
        String program = arguments[2];
        ManagedChannel asBank = channel(identity, BANK, server);
        ManagedChannel asFinance = channel(identity, "finance-maker", server);
        try {
            reportAndCorrect(PledgeServiceGrpc.newBlockingStub(asBank));
            List<String> target = List.of("--server", "https://" + server, "--identity", identity.toString());
            List<String> settle =
                    new ArrayList<>(
                            List.of(program, "settle", "--division", "410500", "--year", "" + YEAR, "--until", "released"));
            settle.addAll(target);
            String batchNo = run(settle).lines().filter(it -> it.startsWith("batch_no ")).findFirst().orElseThrow().substring(9);
            String digest = pull(SettlementServiceGrpc.newBlockingStub(asFinance), batchNo, 3);
            Path out = Files.createTempDirectory("zhirong").resolve("batch");
            List<String> export = new ArrayList<>(List.of(program, "export", batchNo, "--out", out.toString()));
            export.addAll(target);
            run(export);
            expect("verified", run(List.of(program, "verify", out.toString())).contains(digest), true);
            System.out.println("ok batch " + batchNo + " " + digest);
        } finally {
            asBank.shutdownNow();
            asFinance.shutdownNow();
        }
    }
}
