import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import zhirong.pledge.v1.PledgeServiceGrpc;

/** A connection to Zhirong as one holder, with the published policy of retries; and what a refusal says. */
final class Connection {
    private Connection() {}

    /** A channel over mutual TLS: {@code HOLDER.pem} and {@code HOLDER.key} beside {@code ca.pem} in the folder. */
    static ManagedChannel open(Path identity, String holder, String server) throws IOException {
        return NettyChannelBuilder.forTarget(server)
                .sslContext(
                        GrpcSslContexts.forClient()
                                .trustManager(identity.resolve("ca.pem").toFile())
                                .keyManager(
                                        identity.resolve(holder + ".pem").toFile(),
                                        identity.resolve(holder + ".key").toFile())
                                // Older versions of Netty do not offer it by themselves, and nothing else is spoken.
                                .protocols("TLSv1.3")
                                .build())
                .defaultServiceConfig(serviceConfig())
                .enableRetry()
                .build();
    }

    /** Which calls may be sent again, how often, and how long each may take; it comes in the jar of the stubs. */
    @SuppressWarnings("unchecked")
    private static Map<String, ?> serviceConfig() throws IOException {
        try (Reader json =
                new InputStreamReader(
                        PledgeServiceGrpc.class.getResourceAsStream("/zhirong/service_config.json"),
                        StandardCharsets.UTF_8)) {
            return new Gson().fromJson(json, Map.class);
        }
    }

    /** What a call was refused for: its reason, then each bad field with its code and what is wrong, in Chinese and English. */
    static String refusal(StatusRuntimeException refused) throws InvalidProtocolBufferException {
        // A call that did not reach the service has a code and no details.
        String code = refused.getStatus().getCode() + ": " + refused.getStatus().getDescription();
        ErrorInfo info = ErrorInfo.newBuilder().setReason(code).build();
        BadRequest fields = BadRequest.getDefaultInstance();
        for (Any detail : StatusProto.fromThrowable(refused).getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                info = detail.unpack(ErrorInfo.class);
            } else if (detail.is(BadRequest.class)) {
                fields = detail.unpack(BadRequest.class);
            }
        }
        StringBuilder text = new StringBuilder(info.getReason());
        for (BadRequest.FieldViolation field : fields.getFieldViolationsList()) {
            text.append("; " + field.getField() + " " + field.getDescription());
        }
        return text.toString();
    }
}
