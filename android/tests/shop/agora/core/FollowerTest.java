package shop.agora.core;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.eventually;
import static shop.agora.harness.Expect.that;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import shop.agora.harness.Test;

/** Following an order over a stream that breaks, lies and stays away. */
final class FollowerTest {
    /** A shop with one order, whose stream of events is the test's to write. */
    private static final class Shop implements Stub.Handler {
        final AtomicReference<String> order = new AtomicReference<>(order("Pending", "Pending", "Pending", "null"));
        final AtomicReference<Stub.Handler> stream = new AtomicReference<>();

        @Override
        public void answer(Stub.Request request, OutputStream out) throws Exception {
            if (request.is("GET /order/order-events")) {
                stream.get().answer(request, out);
            } else if (request.is("GET /order/get-order-history")) {
                Stub.json(out, "{\"Items\":[{\"Event\":\"order.placed\",\"At\":\"2025-01-02T03:04:05Z\",\"Position\":1}]}");
            } else {
                Stub.json(out, "{\"Items\":[" + order.get() + "]}");
            }
        }

        void finish() {
            order.set(order("Finalized", "Committed", "Debited", "7"));
        }
    }

    private static String order(String status, String stock, String credit, String invoice) {
        return "{\"OrderId\":\"o-1\",\"ProductName\":\"n\",\"Quantity\":1,\"Price\":2,\"Status\":\"" + status
                + "\",\"StockStatus\":\"" + stock + "\",\"CreditStatus\":\"" + credit + "\",\"InvoiceNumber\":" + invoice
                + ",\"PlacedAt\":\"2025-01-02T03:04:05Z\"}";
    }

    private static void open(OutputStream out, String text) throws Exception {
        out.write(("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n" + text)
                .getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static String event(int id, String orderId) {
        return "id: " + id + "\ndata: {\"OrderId\":\"" + orderId + "\"}\n\n";
    }

    /** What the follower said, in words. */
    private static final class Heard implements OrderFollower.Listener {
        final List<String> words = new CopyOnWriteArrayList<>();

        @Override
        public void onOrder(Order order, List<OrderStep> steps) {
            words.add("order " + order.status);
        }

        @Override
        public void onState(OrderFollower.State state, Failure why) {
            words.add(state + (why == null ? "" : " " + why.kind));
        }
    }

    private static Thread follow(OrderFollower follower) {
        Thread thread = new Thread(follower);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static OrderFollower follower(Stub stub, Heard heard) throws Exception {
        return new OrderFollower(stub.client(), "o-1", null, heard, new Backoff(1, 5));
    }

    @Test
    void an_order_is_read_once_the_stream_is_open_and_at_each_event_about_it() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> {
            open(out, ": hello\n\n" + event(4, "o-9"));
            shop.finish();
            out.write(event(5, "o-1").getBytes(StandardCharsets.UTF_8));
            out.flush();
            new CountDownLatch(1).await();
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            Thread thread = follow(follower(stub, heard));
            thread.join(20_000);
            that(!thread.isAlive(), "the follower ends by itself");
            equal(OrderFollower.State.SETTLED.name(), heard.words.get(heard.words.size() - 1));
            that(heard.words.contains("order FINALIZED"), "the end was seen: " + heard.words);
            that(stub.requests.get(0).is("GET /order/order-events"), "the stream is opened before the order is read");
        }
    }

    @Test
    void a_cut_stream_is_resumed_after_the_last_event_seen() throws Exception {
        Shop shop = new Shop();
        AtomicInteger connections = new AtomicInteger();
        AtomicReference<String> resumedFrom = new AtomicReference<>();
        shop.stream.set((request, out) -> {
            if (connections.getAndIncrement() == 0) {
                open(out, event(17, "o-1") + "id: 18\ndata: {\"Ord");
                return;
            }
            resumedFrom.set(request.headers.get("last-event-id"));
            shop.finish();
            open(out, event(18, "o-1"));
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            Thread thread = follow(follower(stub, heard));
            thread.join(20_000);
            equal("17", resumedFrom.get());
            that(heard.words.stream().anyMatch(w -> w.startsWith("WAITING")), "the loss was reported: " + heard.words);
            equal("SETTLED", heard.words.get(heard.words.size() - 1));
        }
    }

    @Test
    void it_keeps_trying_while_the_shop_is_down_busy_or_something_else() throws Exception {
        Shop shop = new Shop();
        AtomicInteger connections = new AtomicInteger();
        shop.stream.set((request, out) -> {
            switch (connections.getAndIncrement()) {
                case 0 -> Stub.respond(out, 404, "application/problem+json", "{}");
                case 3 -> Stub.respond(out, 500, "text/plain", "oops");
                case 1 -> Stub.respond(out, 503, "application/problem+json", "{}");
                case 2 -> Stub.respond(out, 200, "text/html", "<html>");
                default -> {
                    shop.finish();
                    open(out, "");
                }
            }
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard)).join(20_000);
            List<String> waits = heard.words.stream().filter(w -> w.startsWith("WAITING")).collect(Collectors.toList());
            equal(List.of("WAITING REFUSED", "WAITING BUSY", "WAITING NOT_THE_SHOP", "WAITING BROKEN"), waits);
            equal("SETTLED", heard.words.get(heard.words.size() - 1));
        }
    }

    @Test
    void an_expired_token_ends_it_with_signed_out() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> Stub.respond(out, 401, "application/problem+json", "{}"));
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard)).join(20_000);
            equal(List.of("CONNECTING", "SIGNED_OUT SIGNED_OUT"), heard.words);
        }
    }

    @Test
    void an_event_id_the_shop_no_longer_takes_is_dropped() throws Exception {
        Shop shop = new Shop();
        shop.finish();
        shop.stream.set((request, out) -> {
            if (request.headers.containsKey("last-event-id")) {
                Stub.respond(out, 400, "application/problem+json", "{}");
            } else {
                open(out, "");
            }
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(new OrderFollower(stub.client(), "o-1", "999", heard, new Backoff(1, 5))).join(20_000);
            equal("SETTLED", heard.words.get(heard.words.size() - 1));
        }
    }

    @Test
    void an_order_of_another_customer_is_refused_for_good() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> Stub.respond(out, 403, "application/problem+json", "{}"));
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard)).join(20_000);
            equal(List.of("CONNECTING", "REFUSED REFUSED"), heard.words);
        }
    }

    @Test
    void an_order_that_stays_unknown_is_given_up() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> Stub.respond(out, 404, "application/problem+json", "{}"));
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard)).join(20_000);
            equal("REFUSED REFUSED", heard.words.get(heard.words.size() - 1));
            equal(6L, heard.words.stream().filter("CONNECTING"::equals).count());
        }
    }

    @Test
    void waking_it_ends_a_long_wait_and_stopping_it_ends_it_silently() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> out.close());
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            OrderFollower follower = new OrderFollower(stub.client(), "o-1", null, heard, new Backoff(3_600_000, 3_600_000));
            Thread thread = follow(follower);
            eventually("it waits", () -> heard.words.contains("WAITING CUT"));
            follower.wake();
            eventually("it tried again", () -> heard.words.stream().filter("WAITING CUT"::equals).count() == 2);
            int before = heard.words.size();
            follower.stop();
            thread.join(20_000);
            that(!thread.isAlive(), "it ended");
            equal(before, heard.words.size());
        }
    }

    @Test
    void the_position_of_an_event_is_waited_for_by_the_next_reading() throws Exception {
        Shop shop = new Shop();
        CountDownLatch handedOn = new CountDownLatch(1);
        shop.stream.set((request, out) -> {
            open(out, event(33, "o-1"));
            handedOn.await();
            shop.finish();
            out.write(event(34, "o-1").getBytes(StandardCharsets.UTF_8));
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard));
            eventually("33 was handed on",
                    () -> stub.requests.stream().anyMatch(r -> "33".equals(r.headers.get("agora-position"))));
            handedOn.countDown();
            eventually("it ends", () -> heard.words.contains("SETTLED"));
        }
    }

    @Test
    void events_that_cannot_be_read_are_taken_as_a_reason_to_look() throws Exception {
        Shop shop = new Shop();
        shop.stream.set((request, out) -> {
            open(out, "data: not json\n\n");
            shop.finish();
            out.write("id: 2\ndata: [1]\n\n".getBytes(StandardCharsets.UTF_8));
        });
        try (Stub stub = new Stub(shop)) {
            Heard heard = new Heard();
            follow(follower(stub, heard)).join(20_000);
            equal("SETTLED", heard.words.get(heard.words.size() - 1));
        }
    }
}
