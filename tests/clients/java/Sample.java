import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A sample client of Zhirong in Java 17: what a bank's developer copies and changes.
 *
 * <p>It reports a loan, repeats the report, corrects it, reads the figures of the answer, has the sandbox settle, pulls the batch
 * with a cut in the middle and a resume, computes its digests, has {@code zhirong verify} compute the rest, and withdraws its report.
 *
 * <p>Usage: {@code java Sample IDENTITY_DIR localhost:7443 PATH/zhirong}
 */
public final class Sample {
    private Sample() {}

    /** Runs the program and answers what it printed. */
    private static String run(String program, List<String> words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(words);
        command.add(0, program);
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command + " failed");
        }
        return output;
    }

    private static List<String> words(List<String> target, String... first) {
        List<String> words = new ArrayList<>(List.of(first));
        words.addAll(target);
        return words;
    }

    public static void main(String[] arguments) throws Exception {
        Path identity = Path.of(arguments[0]);
        String server = arguments[1];
        String program = arguments[2];
        ManagedChannel asBank = Connection.open(identity, Bank.BANK, server);
        ManagedChannel asFinance = Connection.open(identity, "finance-maker", server);
        try {
            Bank bank = new Bank(asBank);
            bank.reportAndCorrect();

            List<String> target = List.of("--server", "https://" + server, "--identity", identity.toString());
            String settled =
                    run(program, words(target, "settle", "--division", "410500", "--year", "2025", "--until", "released"));
            String batchNo =
                    settled.lines().filter(it -> it.startsWith("batch_no ")).findFirst().orElseThrow().substring(9);
            System.out.println("ok settle: " + batchNo);

            BatchPull pull = new BatchPull(asFinance, batchNo);
            System.out.println("ok pull: " + pull.run(3));
            String digest = pull.check();
            System.out.println("ok digests: " + digest);

            Path folder = Files.createTempDirectory("zhirong-sample");
            run(program, words(target, "export", batchNo, "--out", folder.toString()));
            String verified = run(program, List.of("verify", folder.toString()));
            if (!verified.contains(digest)) {
                throw new IllegalStateException("verify says another digest: " + verified);
            }
            System.out.println("ok verify: " + verified.lines().findFirst().orElseThrow());
            bank.withdraw();
        } catch (StatusRuntimeException refused) {
            System.err.println(Connection.refusal(refused));
            System.exit(1);
        } finally {
            asBank.shutdownNow();
            asFinance.shutdownNow();
        }
    }
}
