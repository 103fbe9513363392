// An application that calls third parties as applications do: Micrometer counts the calls of its HTTP client,
// Resilience4j's breaker stands before it. /call?TIMES=URL calls; /metrics is the exposition.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.java11.instrument.binder.jdk.MicrometerHttpClient;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

public class Application {
    private static final PrometheusMeterRegistry REGISTRY = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private static final Duration[] BOUNDS = {
        Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofMillis(25), Duration.ofMillis(100),
        Duration.ofMillis(500), Duration.ofSeconds(2)
    };

    public static void main(String[] arguments) throws IOException {
        REGISTRY.config().meterFilter(new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                double[] bounds = new double[BOUNDS.length];
                for (int i = 0; i < bounds.length; i++) {
                    bounds[i] = BOUNDS[i].toNanos();
                }
                return id.getName().equals("http.client.requests")
                    ? DistributionStatisticConfig.builder().serviceLevelObjectives(bounds).build().merge(config)
                    : config;
            }
        });
        CircuitBreakerConfig config = CircuitBreakerConfig.custom()
            .slidingWindowSize(20).minimumNumberOfCalls(20).failureRateThreshold(50)
            .waitDurationInOpenState(Duration.ofMinutes(5)).build();
        CircuitBreakerRegistry breakers = CircuitBreakerRegistry.of(config);
        TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(breakers).bindTo(REGISTRY);
        HttpClient client = MicrometerHttpClient
            .instrumentationBuilder(HttpClient.newHttpClient(), REGISTRY).build();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 0);
        server.createContext("/metrics", exchange -> answer(exchange, REGISTRY.scrape()));
        server.createContext("/call", exchange -> {
            String[] asked = exchange.getRequestURI().getQuery().split("=", 3);
            CircuitBreaker breaker = breakers.circuitBreaker(asked[0]);
            for (int i = 0; i < Integer.parseInt(asked[1]); i++) {
                call(client, breaker, asked[0], URI.create(asked[2]));
            }
            answer(exchange, "done\n");
        });
        server.start();
    }

    private static void call(HttpClient client, CircuitBreaker breaker, String party, URI uri) {
        HttpRequest request = HttpRequest.newBuilder(uri).header("URI_PATTERN", "/" + party).build();
        try {
            breaker.executeCheckedSupplier(() -> {
                HttpResponse<Void> answer = client.send(request, HttpResponse.BodyHandlers.discarding());
                if (answer.statusCode() >= 500) {
                    throw new IOException("status " + answer.statusCode());
                }
                return answer;
            });
        } catch (Throwable failed) {
            // A call that failed, or that the breaker did not let through, is what is to be counted.
        }
    }

    private static void answer(HttpExchange exchange, String text) throws IOException {
        byte[] body = text.getBytes();
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
