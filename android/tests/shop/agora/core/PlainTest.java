package shop.agora.core;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.failure;
import static shop.agora.harness.Expect.that;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.stream.Collectors;
import org.json.JSONArray;
import org.json.JSONObject;
import shop.agora.harness.Folders;
import shop.agora.harness.Test;

/** What is decided without a network: amounts, times, addresses, forms' rules, timelines, pictures, what is kept. */
final class PlainTest {
    @Test
    void amounts_are_exact_also_through_the_doubles_of_json() throws Exception {
        for (String amount : List.of("0.1", "19.99", "0.07", "1000000000.00", "999999999.99", "12345678901.23", "1E+2")) {
            Money expected = Money.parse(amount);
            equal(expected, Money.parse(new JSONObject("{\"A\":" + amount + "}").get("A")));
            equal(expected, Money.parse(new JSONObject("{\"A\":\"" + amount + "\"}").get("A")));
        }
        for (long minor = 0; minor < 200_000; minor++) {
            Object read = new JSONArray("[" + Money.ofMinor(minor) + "]").get(0);
            if (Money.parse(read).minor() != minor) {
                throw new AssertionError(read + " is not " + minor);
            }
        }
    }

    @Test
    void what_is_no_amount_is_refused() throws Exception {
        for (Object wrong : Arrays.asList("1.999", "", "x", JSONObject.NULL, 0.001, true)) {
            failure(NumberFormatException.class, () -> Money.parse(wrong));
        }
    }

    @Test
    void amounts_multiply_without_loss_or_complain() throws Exception {
        equal(Money.parse("1000000000000.00"), Money.parse("1000000000.00").times(1000));
        failure(ArithmeticException.class, () -> Money.ofMinor(Long.MAX_VALUE).times(2));
    }

    @Test
    void amounts_and_times_are_written_as_people_of_a_place_write_them() {
        Formats english = new Formats(Locale.UK, TimeZone.getTimeZone("UTC"));
        Formats german = new Formats(Locale.GERMANY, TimeZone.getTimeZone("Europe/Berlin"));
        equal("1,234.50", english.amount(Money.parse("1234.5")));
        equal("1.234,50", german.amount(Money.parse("1234.5")));
        equal("£5.00", english.amount(Money.parse("5"), "GBP"));
        equal("5,00\u00a0€", german.amount(Money.parse("5"), "EUR"));
        equal("5.00", english.amount(Money.parse("5"), ""));
        equal("!? 5.00", english.amount(Money.parse("5"), "!?"));
        equal("0.14", english.seconds(140));
        equal("12,30", german.seconds(12_300));
        long time = Formats.parseTime("2025-07-01T22:30:00Z");
        that(german.date(time).startsWith("2."), "in Berlin it is the next day already: " + german.date(time));
        that(english.date(time).startsWith("1 "), "in London, by UTC, it is not: " + english.date(time));
    }

    @Test
    void times_are_read_in_every_form_of_rfc_3339() throws Exception {
        equal(0L, Formats.parseTime("1970-01-01T00:00:00Z"));
        equal(1_735_787_045_678L, Formats.parseTime("2025-01-02T03:04:05.678901234Z"));
        equal(1_735_787_045_600L, Formats.parseTime("2025-01-02T03:04:05.6Z"));
        equal(1_735_787_045_000L, Formats.parseTime("2025-01-02T05:34:05+02:30"));
        equal(1_735_787_045_000L, Formats.parseTime("2025-01-01T22:04:05-05:00"));
        for (String wrong : List.of("", "2025-01-02", "2025-01-02T03:04:05", "yesterday")) {
            failure(IllegalArgumentException.class, () -> Formats.parseTime(wrong));
        }
    }

    @Test
    void an_address_is_https_unless_the_user_says_otherwise() throws Exception {
        equal("https://shop.example.com", ShopAddress.parse(" Shop.Example.com/ ").toString());
        equal("http://192.168.1.20:8080", ShopAddress.parse("http://192.168.1.20:8080/").toString());
        equal("https://example.com/agora", ShopAddress.parse("https://example.com/agora//").toString());
        equal("http://[::1]:8080", ShopAddress.parse("http://[::1]:8080").toString());
        that(ShopAddress.parse("HTTP://localhost").isPlain(), "http is plain");
        that(!ShopAddress.parse("localhost:8443").isPlain(), "without a scheme it is not");
    }

    @Test
    void what_is_no_address_is_refused_with_the_reason() throws Exception {
        String[][] cases = {{"", "EMPTY"}, {"ftp://x", "SCHEME"}, {"file:///etc/passwd", "SCHEME"}, {"http://", "HOST"},
            {"https://a b", "HOST"}, {"https://x:99999", "HOST"}, {"https://x:port", "HOST"}, {"https://x?y", "EXTRA"},
            {"https://x#y", "EXTRA"}, {"https://me:secret@x", "EXTRA"}};
        for (String[] wrong : cases) {
            equal(wrong[1], failure(ShopAddress.Invalid.class, () -> ShopAddress.parse(wrong[0])).fault.name());
        }
    }

    @Test
    void the_rules_of_a_registration_are_told_field_by_field() {
        AccountForm form = new AccountForm();
        equal("{FULL_NAME=MISSING, EMAIL=EMAIL, USER_NAME=USER_NAME_LENGTH, PASSWORD=PASSWORD_LENGTH}",
                form.faultsOfRegistration().toString());
        form.userName = "Ada";
        form.password = "12345678";
        form.fullName = "Ada Lovelace";
        form.email = "ada@example.invalid";
        equal("{USER_NAME=USER_NAME_LETTERS}", form.faultsOfRegistration().toString());
        form.userName = "ada.l_1-x";
        that(form.faultsOfRegistration().isEmpty(), "nothing is wrong");
    }

    @Test
    void a_new_password_needs_the_current_one_and_no_password_is_sent_unless_changed() {
        AccountForm form = new AccountForm();
        form.fullName = "Ada";
        form.email = "a@b";
        that(!form.update("ada").has("Password") && !form.update("ada").has("CurrentPassword"), "no password is sent");
        form.password = "a new one";
        equal("{CURRENT_PASSWORD=MISSING}", form.faultsOfUpdate().toString());
    }

    @Test
    void events_are_read_as_the_standard_says() throws Exception {
        String text = ": comment\n\nid: 1\ndata: a\ndata:b\ndata:  c\n\n"
                + "event: x\ndata\n\r\nid\r\ndata: é\r\n\r\nretry: 5\n\nid: 9\ndata: cut";
        EventStream events = new EventStream(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "0");
        List<String> read = new ArrayList<>();
        for (EventStream.Event event = events.next(); event != null; event = events.next()) {
            read.add(event.id + "=" + event.data);
        }
        equal(List.of("1=a\nb\n c", "1=", "=é"), read);
    }

    private static Order order(String status, String stock, String credit, Object invoice) throws Exception {
        return Order.READER.read(new JSONObject().put("OrderId", "o").put("Quantity", 1).put("Price", 1)
                .put("Status", status).put("StockStatus", stock).put("CreditStatus", credit)
                .put("InvoiceNumber", invoice).put("PlacedAt", "2025-01-02T03:04:05Z"));
    }

    private static String timeline(Order order, String... events) throws Exception {
        List<OrderStep> steps = new ArrayList<>();
        for (String event : events) {
            steps.add(OrderStep.READER.read(new JSONObject().put("Event", event).put("At", "2025-01-02T03:04:05Z")));
        }
        return Timeline.of(order, steps).stream().map(row -> row.tone + " " + row.kind).collect(Collectors.joining(", "));
    }

    @Test
    void a_timeline_shows_what_happened_and_what_is_waited_for() throws Exception {
        equal("DONE PLACED, DONE STOCK_RESERVED, WAITING CREDIT_RESERVED, WAITING FINALIZED",
                timeline(order("Pending", "Reserved", "Pending", null), "order.placed", "product.stock-reserved"));
        equal("DONE FINALIZED, WAITING CREDIT_DEBITED, WAITING INVOICE_ISSUED",
                timeline(order("Finalized", "Committed", "Reserved", null), "order.finalized"));
        equal("BAD CREDIT_DENIED, BAD DENIED, WAITING STOCK_RELEASED",
                timeline(order("Canceled", "Reserved", "Denied", null), "customer.credit-denied", "order.denied"));
        equal("BAD DENIED, WAITING STOCK_RESERVED, WAITING CREDIT_RELEASED",
                timeline(order("Canceled", "Pending", "Reserved", null), "order.denied"));
        equal("DONE OTHER", timeline(order("Finalized", "Committed", "Debited", 3), "order.gift-wrapped"));
        equal("", timeline(order("Unheard", "x", "y", null)));
    }

    @Test
    void an_order_is_settled_when_the_services_say_that_it_has_ended() throws Exception {
        List<String> table = Files.readAllLines(Path.of("shop/contracts/tests/lifecycle.csv"));
        for (String row : table.subList(1, table.size())) {
            String[] cell = row.split(",", -1);
            Order order = order(cell[0], cell[1], cell[2], cell[3].equals("yes") ? 1 : null);
            equal(row + ": " + cell[4].equals("yes"), row + ": " + order.isSettled());
            boolean waits = Timeline.of(order, List.of()).stream().anyMatch(line -> line.tone == Timeline.Tone.WAITING);
            // Of the table's stages that no order is ever in, a timeline need not know what they wait for.
            boolean isPossible = !cell[0].equals("Canceled") || !(cell[1] + cell[2]).matches(".*(Committed|Debited).*");
            that(!isPossible || waits != order.isSettled(), "what is awaited is shown: " + row);
        }
        equal(1 + 4 * 5 * 5 * 2, table.size());
    }

    @Test
    void steps_are_read_with_and_without_a_cause() throws Exception {
        JSONObject step = new JSONObject("{\"Event\":\"order.placed\",\"At\":\"2026-01-31T12:00:00Z\",\"Position\":7}");
        equal(OrderStep.Kind.PLACED, OrderStep.READER.read(step).kind);
        step.put("Event", "loyalty.points-granted").put("Service", "loyalty").put("Cause", 7);
        equal("loyalty.points-granted", OrderStep.READER.read(step).event);
        equal(OrderStep.Kind.OTHER, OrderStep.READER.read(step).kind);
        equal(7L, OrderStep.READER.read(step).position);
    }

    @Test
    void a_picture_is_always_the_same_and_a_familys_colours_too() {
        Picture picture = new Picture("Tea", "Earl Grey, loose", false);
        Picture again = new Picture("Tea", "Earl Grey, loose", false);
        Picture sibling = new Picture("Tea", "Assam", false);
        equal("EG", picture.letters);
        equal(picture.background, again.background);
        that(Arrays.equals(picture.shapes.get(2).numbers, again.shapes.get(2).numbers), "the same shapes");
        equal(picture.background, sibling.background);
        that(!Arrays.equals(picture.shapes.get(0).numbers, sibling.shapes.get(0).numbers), "other shapes for another name");
        equal("", new Picture("", "--", true).letters);
    }

    @Test
    void the_letters_of_every_picture_can_be_read() {
        for (int i = 0; i < 720; i++) {
            Picture picture = new Picture("category " + i, "name", i % 2 == 0);
            List<Integer> behind = picture.shapes.stream().map(s -> s.argb).collect(Collectors.toList());
            behind.add(picture.background);
            for (int color : behind) {
                double contrast = shop.agora.check.Contrast.of(picture.letterColor, color);
                that(contrast >= 4.5, "contrast 4.5 in category " + i + ", was " + contrast);
            }
        }
    }

    @Test
    void the_address_and_the_log_in_are_kept_and_a_new_address_ends_the_log_in() throws Exception {
        File folder = Folders.fresh("agora-store").toFile();
        Store store = new Store(folder);
        equal(null, store.address());
        store.setAddress(ShopAddress.parse("http://a"));
        store.setSession(new Session("t", "ada"));
        Store reopened = new Store(folder);
        equal("http://a", reopened.address().toString());
        equal("t", reopened.session().token);
        reopened.setSession(null);
        equal("ada", new Store(folder).lastUserName());
        reopened.setSession(new Session("t2", "ada"));
        reopened.setAddress(ShopAddress.parse("http://a"));
        equal("t2", new Store(folder).session().token);
        reopened.setAddress(ShopAddress.parse("http://b"));
        equal(null, new Store(folder).session());
        equal(List.of("shop.properties"), List.of(folder.list()));
    }

    @Test
    void a_damaged_file_of_settings_is_an_empty_one() throws Exception {
        Path folder = Folders.fresh("agora-store");
        Files.writeString(folder.resolve("shop.properties"), "address=\\u00zz");
        equal(null, new Store(folder.toFile()).address());
    }

    @Test
    void waiting_doubles_up_to_its_limit() {
        Backoff backoff = new Backoff(500, 3_000);
        equal(List.of(500L, 1000L, 2000L, 3000L, 3000L),
                List.of(backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()));
        backoff.reset();
        equal(500L, backoff.next());
    }
}
