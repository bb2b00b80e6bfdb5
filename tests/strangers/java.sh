#!/usr/bin/env bash
# A bank's Java developer: one paste beside a running `zhirong serve --sandbox` and an unpacked release bundle.
set -euo pipefail
: "${SERVER:=localhost:7443}" "${IDENTITY:=zhirong-data/identity}" "${BUNDLE:=zhirong-0.1.0}"

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
jars="$BUNDLE/java/zhirong-client-0.1.0.jar:$(sed 's#.*#/usr/share/java/&.jar#' "$BUNDLE/samples/java/classpath.txt" | paste -sd:)"
cp /usr/lib/*/jni/libnetty-tcnative.so "$work/libnetty_tcnative.so"
cat > "$work/First.java" <<'JAVA'
import com.google.type.Date;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.UUID;
import zhirong.common.v1.Figure;
import zhirong.common.v1.Money;
import zhirong.pledge.v1.*;

class First {
    public static void main(String[] words) throws Exception {
        Path identity = Path.of(words[0]);
        var tls = GrpcSslContexts.forClient()
                .trustManager(identity.resolve("ca.pem").toFile())
                .keyManager(identity.resolve("102496000991.pem").toFile(), identity.resolve("102496000991.key").toFile())
                .protocols("TLSv1.3"); // what older versions of Netty do not offer by themselves
        var channel = NettyChannelBuilder.forTarget(words[1]).sslContext(tls.build()).build();
        Money amount = Money.newBuilder().setCurrencyCode("CNY").setAmount("8000000.00").build();
        var pledge = Pledge.newBuilder().setPledgeNo("Y2025980009001")
                .setPledgorUscc("91410502MA3X09015B").setPledgeeUscc("91410500MA3X09007K")
                .setRegisteredOn(Date.newBuilder().setYear(2025).setMonth(3).setDay(10)).addPatents("202019900001.4");
        var loan = Loan.newBuilder().setContractNo("FIRST-1").setBorrowerUscc("91410502MA3X09015B")
                .setContractAmount(amount).setSignedOn(Date.newBuilder().setYear(2025).setMonth(3).setDay(5))
                .setRevolving(false).setCollateral(Collateral.COLLATERAL_PATENT).setPledgeNo("Y2025980009001");
        var draw = LoanEvent.newBuilder().setEventNo("1").setKind(LoanEventKind.LOAN_EVENT_KIND_DRAW)
                .setOccurredAt("2025-03-12T10:20:00+08:00").setAmount(amount);
        var report = ReportLoanRequest.newBuilder().setRequestId(UUID.randomUUID().toString())
                .setPledge(pledge).setLoan(loan).addEvents(draw).build();
        Figure year = PledgeServiceGrpc.newBlockingStub(channel).reportLoan(report).getAssessment().getEnterpriseYear();
        System.out.println(year.getAmount().getAmount() + " " + year.getClause().getId());
        System.out.println(year.getSentence().getZh());
        channel.shutdownNow();
    }
}
JAVA
java -Djava.library.path="$work" -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -cp "$jars" "$work/First.java" "$IDENTITY" "$SERVER"
