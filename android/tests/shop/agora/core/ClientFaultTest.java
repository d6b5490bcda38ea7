package shop.agora.core;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.failure;
import static shop.agora.harness.Expect.that;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.json.JSONObject;
import shop.agora.harness.Test;

/** The client against a gateway that is slow, broken, another thing altogether, or not there. */
final class ClientFaultTest {
    private static final String EMPTY_PAGE = "{\"Items\":[],\"Next\":null}";

    private static Failure.Kind kindOf(Stub stub) throws Exception {
        try (stub) {
            ShopClient client = stub.client();
            return failure(Failure.class, () -> client.product("p")).kind;
        }
    }

    @Test
    void nobody_at_the_address_is_unreachable_and_nothing_was_sent() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ShopClient client = new ShopClient(ShopAddress.parse("http://127.0.0.1:" + port), null, Stub.IMPATIENT);
        Failure failure = failure(Failure.class, () -> client.product("p"));
        equal(Failure.Kind.UNREACHABLE, failure.kind);
        that(!failure.isUncertain(), "a request that was never sent is not uncertain");
    }

    @Test
    void a_name_that_does_not_exist_is_unreachable() throws Exception {
        ShopClient client = new ShopClient(ShopAddress.parse("http://shop.invalid"), null, Stub.IMPATIENT);
        equal(Failure.Kind.UNREACHABLE, failure(Failure.class, () -> client.categories("", null)).kind);
    }

    @Test
    void an_answer_that_does_not_come_is_a_time_out_and_uncertain() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (Stub stub = new Stub((request, out) -> never.await())) {
            ShopClient client = stub.client();
            Failure failure = failure(Failure.class, () -> client.product("p"));
            equal(Failure.Kind.TIMEOUT, failure.kind);
            that(failure.isUncertain(), "a request without an answer is uncertain");
        }
    }

    @Test
    void an_answer_that_trickles_in_byte_by_byte_is_a_time_out() throws Exception {
        equal(Failure.Kind.TIMEOUT, kindOf(new Stub((request, out) -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{".getBytes(StandardCharsets.UTF_8));
            while (true) {
                out.write(' ');
                out.flush();
                Thread.sleep(20);
            }
        })));
    }

    @Test
    void an_answer_cut_off_in_the_middle_is_a_lost_connection() throws Exception {
        equal(Failure.Kind.CUT, kindOf(new Stub((request, out) ->
                out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Produc".getBytes(StandardCharsets.UTF_8)))));
    }

    @Test
    void a_connection_closed_without_an_answer_is_lost() throws Exception {
        equal(Failure.Kind.CUT, kindOf(new Stub((request, out) -> out.close())));
    }

    @Test
    void something_that_does_not_speak_http_is_not_the_shop() throws Exception {
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(new Stub((request, out) ->
                out.write("220 mail.example ESMTP ready, who are you?\r\n\r\n".getBytes(StandardCharsets.UTF_8)))));
    }

    @Test
    void a_web_page_is_not_the_shop() throws Exception {
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(Stub.answering(200, "text/html", "<html>Please log in</html>")));
    }

    @Test
    void json_of_another_shape_is_not_the_shop() throws Exception {
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(Stub.answering(200, "application/json", "{\"hello\":\"world\"}")));
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(Stub.answering(200, "application/json", "[1,2")));
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(Stub.answering(200, "application/json",
                "{\"ProductId\":\"p\",\"Name\":\"n\",\"Price\":{},\"Available\":1}")));
    }

    @Test
    void an_endless_answer_is_given_up() throws Exception {
        equal(Failure.Kind.NOT_THE_SHOP, kindOf(new Stub((request, out) -> {
            out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            byte[] block = new byte[65_536];
            while (true) {
                out.write(block);
            }
        })));
    }

    @Test
    void a_redirect_is_not_followed_and_the_token_goes_nowhere_else() throws Exception {
        try (Stub elsewhere = Stub.answering(200, "application/json", EMPTY_PAGE)) {
            String target = "Location: " + elsewhere.address() + "/product/get-product-details";
            equal(Failure.Kind.NOT_THE_SHOP, kindOf(Stub.answering(302, "text/plain", "", target)));
            equal(0, elsewhere.requests.size());
        }
    }

    @Test
    void an_encrypted_connection_that_cannot_be_is_insecure() throws Exception {
        try (Stub stub = Stub.answering(200, "application/json", EMPTY_PAGE)) {
            ShopAddress https = ShopAddress.parse(stub.address().toString().replace("http:", "https:"));
            ShopClient client = new ShopClient(https, null, Stub.IMPATIENT);
            equal(Failure.Kind.INSECURE, failure(Failure.class, () -> client.product("p")).kind);
        }
    }

    @Test
    void an_expired_token_signs_out_and_is_not_sent_again() throws Exception {
        try (Stub stub = Stub.answering(401, "application/problem+json", "{\"title\":\"Unauthorized\",\"status\":401}")) {
            ShopClient client = stub.client();
            equal(Failure.Kind.SIGNED_OUT, failure(Failure.class, client::profile).kind);
            equal(null, client.session());
            equal(Failure.Kind.SIGNED_OUT, failure(Failure.class, client::profile).kind);
            equal(1, stub.requests.size());
            equal("Bearer token-1", stub.requests.get(0).headers.get("authorization"));
        }
    }

    @Test
    void a_late_401_to_an_old_token_does_not_end_a_new_log_in() throws Exception {
        CountDownLatch loggedIn = new CountDownLatch(1);
        try (Stub stub = new Stub((request, out) -> {
            if (request.is("POST /customer/login-user")) {
                Stub.json(out, "{\"Token\":\"token-2\",\"UserName\":\"ada\"}");
                return;
            }
            loggedIn.await();
            Stub.respond(out, 401, "application/problem+json", "{}");
        })) {
            ShopClient client = stub.client();
            Thread old = new Thread(() -> {
                try {
                    client.profile();
                } catch (Failure expected) {
                    return;
                }
            });
            old.start();
            shop.agora.harness.Expect.eventually("the old request is out", () -> stub.requests.size() == 1);
            client.logIn("ada", "password");
            loggedIn.countDown();
            old.join();
            equal("token-2", client.session().token);
        }
    }

    @Test
    void a_problem_becomes_words_at_its_fields() throws Exception {
        String problem = "{\"type\":\"about:blank\",\"title\":\"Unprocessable\",\"status\":422,\"detail\":\"Two fields.\","
                + "\"errors\":[{\"field\":\"Email\",\"detail\":\"no @ in it\"},"
                + "{\"field\":\"UserName\",\"detail\":\"too short\"}],"
                + "\"unheard-of\":[1]}";
        try (Stub stub = Stub.answering(422, "application/problem+json", problem)) {
            Failure failure = failure(Failure.class, () -> {
                stub.client().register(new AccountForm());
                return null;
            });
            equal(Failure.Kind.REFUSED, failure.kind);
            equal("Two fields.", failure.problem.words());
            equal("no @ in it", failure.problem.fields.get("Email"));
            equal("too short", failure.problem.fields.get("UserName"));
        }
    }

    @Test
    void a_failure_that_is_no_problem_document_is_told_by_its_status() throws Exception {
        equal(Failure.Kind.BROKEN, kindOf(Stub.answering(502, "text/html", "<h1>Bad Gateway</h1>")));
        equal(Failure.Kind.REFUSED, kindOf(Stub.answering(404, "text/plain", "")));
    }

    @Test
    void a_busy_shop_says_when_to_come_back() throws Exception {
        try (Stub stub = Stub.answering(503, "application/problem+json", "{\"title\":\"x\"}", "Retry-After: 7")) {
            Failure failure = failure(Failure.class, () -> stub.client().product("p"));
            equal(Failure.Kind.BUSY, failure.kind);
            equal(7, failure.retryAfterSeconds);
        }
    }

    @Test
    void the_position_is_handed_on_and_never_goes_back() throws Exception {
        AtomicInteger count = new AtomicInteger();
        String[] given = {"41", "7", "nonsense", "42"};
        try (Stub stub = new Stub((request, out) ->
                Stub.json(out, EMPTY_PAGE, "Agora-Position: " + given[count.getAndIncrement() % 4]))) {
            ShopClient client = stub.client();
            for (int i = 0; i < 5; i++) {
                client.categories("", null);
            }
            String[] sent = stub.requests.stream().map(r -> r.headers.get("agora-position")).toArray(String[]::new);
            equal(java.util.Arrays.asList(null, "41", "41", "41", "42"), java.util.Arrays.asList(sent));
        }
    }

    @Test
    void a_position_the_shop_never_reaches_is_dropped_after_three_refusals() throws Exception {
        try (Stub stub = new Stub((request, out) -> {
            if (request.headers.containsKey("agora-position")) {
                Stub.respond(out, 503, "application/problem+json", "{}", "Retry-After: 1");
            } else {
                Stub.json(out, EMPTY_PAGE);
            }
        })) {
            ShopClient client = stub.client();
            client.reached(900);
            for (int i = 0; i < 3; i++) {
                equal(Failure.Kind.BUSY, failure(Failure.class, () -> client.categories("", null)).kind);
            }
            equal(0, client.categories("", null).items.size());
        }
    }

    @Test
    void an_order_is_sent_with_its_key_its_price_and_quantity_and_again_the_same() throws Exception {
        AtomicInteger count = new AtomicInteger();
        try (Stub stub = new Stub((request, out) -> {
            if (count.getAndIncrement() == 0) {
                Stub.respond(out, 503, "application/problem+json", "{}");
            } else {
                Stub.respond(out, 202, "application/json", "{\"OrderId\":\"o-1\",\"Status\":\"Pending\",\"Later\":{}}");
            }
        })) {
            OrderForm form = new OrderForm("p-1", () -> "key-" + System.nanoTime());
            form.showPrice(Money.parse("19.99"));
            form.type("3");
            ShopClient client = stub.client();
            OrderForm.Attempt first = form.send();
            form.failed(failure(Failure.class, () -> client.placeOrder(first)));
            equal(OrderForm.State.UNCERTAIN, form.state());
            equal("o-1", client.placeOrder(form.send()));
            Stub.Request last = stub.requests.get(stub.requests.size() - 1);
            equal(stub.requests.get(0).body, last.body);
            equal(stub.requests.get(0).headers.get("idempotency-key"), last.headers.get("idempotency-key"));
            equal("app", last.headers.get("agora-channel"));
            JSONObject body = new JSONObject(last.body);
            equal("19.99", body.getString("Price"));
            equal(3, body.getInt("Quantity"));
            equal("p-1", body.getString("ProductId"));
        }
    }

    @Test
    void unknown_fields_and_words_of_a_later_shop_are_passed_over() throws Exception {
        String order = "{\"OrderId\":\"o\",\"ProductName\":\"n\",\"Quantity\":2,\"Price\":1.10,\"Status\":\"Shipped\","
                + "\"StockStatus\":\"OnTheWay\",\"CreditStatus\":null,\"Reasons\":[\"new-reason\"],\"InvoiceNumber\":null,"
                + "\"PlacedAt\":\"2025-01-02T03:04:05Z\",\"Drone\":{\"Height\":3}}";
        try (Stub stub = Stub.answering(200, "application/json", "{\"Items\":[" + order + "],\"Next\":\"c\",\"Sum\":1}")) {
            Page<Order> page = stub.client().orders(null);
            equal("c", page.next);
            equal(Order.Status.UNKNOWN, page.items.get(0).status);
            equal(Money.ofMinor(220), page.items.get(0).total);
            equal(Order.Reason.OTHER, Order.reason(page.items.get(0).reasons.get(0)));
        }
    }

    @Test
    void logging_out_forgets_the_token_even_where_the_shop_cannot_be_told() throws Exception {
        try (Stub stub = new Stub((request, out) -> out.close())) {
            ShopClient client = stub.client();
            failure(Failure.class, () -> {
                client.logOut();
                return null;
            });
            equal(null, client.session());
        }
    }
}
