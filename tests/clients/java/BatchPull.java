import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.regex.Pattern;
import zhirong.settlement.v1.BatchHeader;
import zhirong.settlement.v1.BatchTrailer;
import zhirong.settlement.v1.FactRow;
import zhirong.settlement.v1.Line;
import zhirong.settlement.v1.SettlementServiceGrpc;
import zhirong.settlement.v1.StreamBatchRequest;
import zhirong.settlement.v1.StreamBatchResponse;

/**
 * A settlement batch being pulled: resumed where it broke off, then held against its digests. Keep {@code token} with what was
 * processed, and a pull goes on after a restart too.
 */
final class BatchPull {
    private static final int BREAKS_MOST = 6;
    private static final String MARK = "\ufeff";
    private static final String LINE_HEADER =
            "batch_no,line_no,policy_year,measure,beneficiary,beneficiary_name,item,base_amount,entitled,settled_before,amount,"
                    + "limited_by,clause,rule_revision\r\n";
    private static final Pattern FORMULA = Pattern.compile("'*[=+\\-@＝＋－＠].*", Pattern.DOTALL);
    private static final Pattern QUOTED = Pattern.compile("[,\"\r\n]");

    private final SettlementServiceGrpc.SettlementServiceBlockingStub stub;
    private final String name;
    private long sequence;
    private String token = "";

    private BatchHeader header;
    private BatchTrailer trailer;
    private long lineCount;
    private BigDecimal lineSum = new BigDecimal("0.00");
    private final StringBuilder lines = new StringBuilder(MARK + LINE_HEADER);
    private final Map<String, StringBuilder> facts = new TreeMap<>();

    BatchPull(Channel channel, String batchNo) {
        stub = SettlementServiceGrpc.newBlockingStub(channel);
        name = "batches/" + batchNo;
    }

    /** Pulls every message once; answers the numbers that came in each piece, such as {@code 1-3 4-57}. */
    String run(int cutAfter) {
        StringJoiner pieces = new StringJoiner(" ");
        int breaks = 0;
        for (int cut = cutAfter; trailer == null; cut = 0) {
            long before = sequence;
            try {
                stream(cut);
            } catch (StatusRuntimeException broken) {
                Status.Code code = broken.getStatus().getCode();
                breaks = sequence > before ? 1 : breaks + 1;
                boolean isPassing = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
                if (!isPassing || breaks == BREAKS_MOST) {
                    throw broken;
                }
            }
            if (sequence > before) {
                pieces.add((before + 1) + "-" + sequence);
            }
        }
        return pieces.toString();
    }

    /** One call: goes on behind the last message that came, and is left after {@code cutAfter} messages where that is not 0. */
    private void stream(int cutAfter) {
        StreamBatchRequest request = StreamBatchRequest.newBuilder().setName(name).setResumeToken(token).build();
        Context.CancellableContext call = Context.current().withCancellation();
        Context before = call.attach();
        try {
            Iterator<StreamBatchResponse> stream = stub.streamBatch(request);
            while (stream.hasNext()) {
                take(stream.next());
                if (sequence == cutAfter) {
                    return;
                }
            }
        } finally {
            call.detach(before);
            call.cancel(null);
        }
    }

    private void take(StreamBatchResponse message) {
        if (message.getSequence() != sequence + 1) {
            throw new IllegalStateException("message " + message.getSequence() + " came after " + sequence);
        }
        switch (message.getMessageCase()) {
            case HEADER -> header = message.getHeader();
            case LINE -> {
                lineCount++;
                lineSum = lineSum.add(new BigDecimal(message.getLine().getAmount().getAmount()));
                lines.append(row(message.getLine()));
            }
            case FACT -> {
                FactRow fact = message.getFact();
                String path = "facts/" + fact.getFile() + ".csv";
                facts.computeIfAbsent(path, it -> new StringBuilder(MARK)).append(fact.getCsvLine()).append("\r\n");
            }
            case TRAILER -> trailer = message.getTrailer();
            default -> { }
        }
        sequence++;
        token = message.getResumeToken();
    }

    /** Holds what came against the batch's own digests; answers the digest of the batch. */
    String check() throws NoSuchAlgorithmException {
        JsonObject receipt = JsonParser.parseString(header.getReceiptJson()).getAsJsonObject();
        String digest = receipt.get("batch_digest").getAsString();
        same("count", lineCount, trailer.getLinesCount());
        same("sum", lineSum.toPlainString(), receipt.get("line_sum").getAsString());
        same("policy", sha256(header.getPolicyToml()), receipt.get("policy_digest").getAsString());
        same("facts", factsDigest(), receipt.get("facts_digest").getAsString());
        same("lines", sha256(lines.toString()), receipt.get("lines_digest").getAsString());
        // The receipt without digest and signature, in its own order and without white space, has the batch digest.
        JsonObject bare = receipt.deepCopy();
        bare.remove("batch_digest");
        bare.remove("signature");
        same("batch", sha256(bare.toString()), digest);
        same("trailer", trailer.getDigests().getBatch(), digest);
        return digest;
    }

    private static void same(String what, Object found, Object stated) {
        if (!found.equals(stated)) {
            throw new IllegalStateException(what + ": " + found + " instead of " + stated);
        }
    }

    private static String sha256(String text) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Of the files of {@code facts/}: path, a zero byte, SHA-256 of the bytes and a line feed of each, by path. */
    private String factsDigest() throws NoSuchAlgorithmException {
        StringBuilder all = new StringBuilder();
        for (Map.Entry<String, StringBuilder> file : facts.entrySet()) {
            all.append(file.getKey()).append('\0').append(sha256(file.getValue().toString())).append('\n');
        }
        return sha256(all.toString());
    }

    /** A row of {@code lines.csv}: CRLF, quotes only where needed. */
    private static String row(Line line) {
        String measure = line.getMeasure().name().substring("MEASURE_".length()).toLowerCase();
        String[] cells = {
            line.getBatchNo(), "" + line.getLineNo(), "" + line.getPolicyYear(), measure,
            line.getBeneficiary(), guarded(line.getBeneficiaryName()), guarded(line.getItem()),
            line.getBaseAmount().getAmount(), line.getEntitled().getAmount(), line.getSettledBefore().getAmount(),
            line.getAmount().getAmount(), line.getLimitedBy(), line.getClause(), line.getRuleRevision(),
        };
        StringJoiner row = new StringJoiner(",", "", "\r\n");
        for (String cell : cells) {
            row.add(QUOTED.matcher(cell).find() ? '"' + cell.replace("\"", "\"\"") + '"' : cell);
        }
        return row.toString();
    }

    /** What a spreadsheet might take for a formula has an apostrophe in front. */
    private static String guarded(String text) {
        return FORMULA.matcher(text).matches() ? "'" + text : text;
    }
}
