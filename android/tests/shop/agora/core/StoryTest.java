package shop.agora.core;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.eventually;
import static shop.agora.harness.Expect.failure;
import static shop.agora.harness.Expect.that;

import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.json.JSONObject;
import shop.agora.harness.Test;

/** What a customer does with the app, in a real shop. */
final class StoryTest {
    /** What a follower said. */
    private static final class Seen implements OrderFollower.Listener {
        final List<OrderFollower.State> states = new CopyOnWriteArrayList<>();
        volatile Order order;
        volatile List<OrderStep> steps;

        @Override
        public void onOrder(Order now, List<OrderStep> nowSteps) {
            order = now;
            steps = nowSteps;
        }

        @Override
        public void onState(OrderFollower.State state, Failure why) {
            states.add(state);
        }

        boolean isSettled() {
            return states.contains(OrderFollower.State.SETTLED);
        }

        List<OrderStep.Kind> kinds() {
            return steps.stream().map(s -> s.kind).collect(Collectors.toList());
        }
    }

    private static Seen follow(ShopClient client, String orderId) {
        Seen seen = new Seen();
        Thread thread = new Thread(new OrderFollower(client, orderId, null, seen, new Backoff(50, 500)));
        thread.setDaemon(true);
        thread.start();
        return seen;
    }

    private static OrderForm form(ShopClient client, String productId, int quantity) throws Failure {
        OrderForm form = new OrderForm(productId, () -> java.util.UUID.randomUUID().toString());
        form.showPrice(client.product(productId).price);
        form.type(Integer.toString(quantity));
        return form;
    }

    private static Seen orderAndFollow(ShopClient client, String productId, int quantity) throws Exception {
        Seen seen = follow(client, client.placeOrder(form(client, productId, quantity).send()));
        eventually("the order is settled", seen::isSettled);
        return seen;
    }

    @Test
    void the_address_of_a_shop_is_taken_and_another_one_is_not() throws Exception {
        RealShop.shared().visitor().check();
        ShopAddress wrong = ShopAddress.parse(RealShop.shared().address() + "/nowhere");
        Failure.Kind kind = failure(Failure.class, () -> {
            new ShopClient(wrong, null).check();
            return null;
        }).kind;
        that(kind == Failure.Kind.NOT_THE_SHOP || kind == Failure.Kind.REFUSED, "refused, was " + kind);
    }

    @Test
    void registering_gives_an_account_with_welcome_credit() throws Exception {
        ShopClient client = RealShop.shared().visitor();
        AccountForm form = RealShop.account(RealShop.newName("eve"));
        client.register(form);
        client.logIn(form.userName, form.password);
        Profile profile = client.profile();
        equal("Ada Lovelace", profile.fullName);
        equal(form.email, profile.email);
        equal(Money.parse("100"), profile.credit);
        equal(Money.ZERO, profile.reserved);
        equal(1000, profile.availablePerMille());
    }

    @Test
    void a_taken_name_and_faulty_fields_are_told_in_the_shops_words() throws Exception {
        ShopClient client = RealShop.shared().customer("1");
        Failure taken = failure(Failure.class, () -> {
            client.register(RealShop.account(client.session().userName));
            return null;
        });
        equal(409, taken.status);
        that(!taken.problem.words().isEmpty(), "words");
        AccountForm shortPassword = RealShop.account(RealShop.newName("eve"));
        shortPassword.password = "short";
        equal(Set.of("Password"), fieldsAtFault(client, shortPassword));
        equal(Set.of("UserName", "Email"), fieldsAtFault(client, RealShop.account("No Such Name")));
    }

    private static Set<String> fieldsAtFault(ShopClient client, AccountForm form) throws Exception {
        Failure refused = failure(Failure.class, () -> {
            client.register(form);
            return null;
        });
        equal(Failure.Kind.REFUSED, refused.kind);
        return refused.problem.fields.keySet();
    }

    @Test
    void a_wrong_password_logs_nobody_in() throws Exception {
        ShopClient client = RealShop.shared().customer("1");
        String name = client.session().userName;
        ShopClient other = RealShop.shared().visitor();
        equal(Failure.Kind.SIGNED_OUT, failure(Failure.class, () -> other.logIn(name, "wrong password")).kind);
        equal(null, other.session());
    }

    @Test
    void a_token_that_no_longer_counts_leads_to_the_log_in() throws Exception {
        RealShop shop = RealShop.shared();
        ShopClient forged = new ShopClient(shop.address(), new Session("made.up.token", "ada"));
        equal(Failure.Kind.SIGNED_OUT, failure(Failure.class, () -> forged.orders(null)).kind);
        equal(null, forged.session());
        ShopClient client = shop.customer("1");
        Session before = client.session();
        client.logOut();
        ShopClient stale = new ShopClient(shop.address(), before);
        eventually("the old token is refused", () -> {
            try {
                stale.profile();
                return false;
            } catch (Failure failure) {
                return failure.kind == Failure.Kind.SIGNED_OUT;
            }
        });
    }

    @Test
    void the_catalogue_is_browsed_by_category_search_price_and_page() throws Exception {
        RealShop shop = RealShop.shared();
        String name = RealShop.newName("Garden");
        String category = shop.category(name);
        for (int i = 0; i < 53; i++) {
            shop.product(category, String.format("%s %02d", name, i), (100 - i) + ".50", i % 7);
        }
        ShopClient client = shop.visitor();
        eventually("all are there", () -> client.categories(name, null).items.get(0).products == 53);
        ProductQuery query = ProductQuery.ALL.inCategory(category, name).sortedBy(ProductQuery.Sort.CHEAPEST);
        PagedList<Product> list = new PagedList<>();
        for (PagedList.Ticket ticket = list.restart(); ticket != null; ticket = list.more()) {
            list.accept(ticket, client.products(query, ticket.after));
        }
        List<Money> prices = list.items().stream().map(p -> p.price).collect(Collectors.toList());
        List<Money> sorted = new ArrayList<>(prices);
        sorted.sort(null);
        equal(53, prices.size());
        equal(sorted, prices);
        Product last = list.items().get(52);
        Product alone = client.product(last.id);
        equal(last.name, alone.name);
        equal(name, alone.categoryName);
        equal(Product.Availability.SOLD_OUT, alone.availability());
        equal(1, client.products(ProductQuery.ALL.matching(name + " 07"), null).items.size());
        equal(0, client.products(ProductQuery.ALL.matching("nothing is called this " + name), null).items.size());
    }

    @Test
    void what_fits_a_search_best_comes_first_unless_another_order_is_chosen() throws Exception {
        RealShop shop = RealShop.shared();
        String word = RealShop.newName("Quartz").replace(" ", "");
        String category = shop.category(word + " shelf");
        shop.product(category, "A case for a " + word, "5.00", 3);
        shop.product(category, word, "20.00", 3);
        ShopClient client = shop.visitor();
        ProductQuery query = ProductQuery.ALL.matching(word);
        eventually("both are found", () -> client.products(query, null).items.size() == 2);
        equal(word, client.products(query, null).items.get(0).name);
        ProductQuery byName = query.sortedBy(ProductQuery.Sort.NAME);
        equal("A case for a " + word, client.products(byName, null).items.get(0).name);
    }

    @Test
    void an_order_is_followed_live_to_finalized_with_its_invoice() throws Exception {
        RealShop shop = RealShop.shared();
        String product = shop.product("19.99", 10);
        ShopClient client = shop.customer("100.00");
        Seen seen = orderAndFollow(client, product, 3);
        equal(Order.Status.FINALIZED, seen.order.status);
        that(seen.states.contains(OrderFollower.State.LIVE), "it was live: " + seen.states);
        that(seen.kinds().containsAll(List.of(OrderStep.Kind.PLACED, OrderStep.Kind.STOCK_RESERVED,
                OrderStep.Kind.CREDIT_RESERVED, OrderStep.Kind.APPROVED, OrderStep.Kind.FINALIZED)),
                "steps: " + seen.kinds());
        that(!seen.kinds().contains(OrderStep.Kind.OTHER), "every step has words: " + seen.kinds());
        Invoice invoice = client.invoice(seen.order.id);
        equal(Money.parse("59.97"), invoice.total);
        equal(Money.parse("19.99"), invoice.unitPrice);
        equal(3, invoice.quantity);
        equal("Ada Lovelace", invoice.fullName);
        equal(seen.order.invoiceNumber.longValue(), invoice.number);
        equal(3, invoice.currency.length());
        equal(Money.parse("40.03"), client.profile().available);
        equal(7, client.product(product).available);
    }

    @Test
    void an_order_beyond_the_credit_is_followed_live_to_canceled() throws Exception {
        RealShop shop = RealShop.shared();
        String product = shop.product("60", 10);
        ShopClient client = shop.customer("100.00");
        Seen seen = orderAndFollow(client, product, 2);
        equal(Order.Status.CANCELED, seen.order.status);
        that(seen.order.reasons.contains("low-credit"), "reasons: " + seen.order.reasons);
        equal(Money.parse("100"), client.profile().available);
        eventually("the stock is back", () -> client.product(product).available == 10);
        equal(404, failure(Failure.class, () -> client.invoice(seen.order.id)).status);
    }

    @Test
    void an_order_beyond_the_stock_or_at_an_old_price_is_canceled_with_the_reason() throws Exception {
        RealShop shop = RealShop.shared();
        ShopClient client = shop.customer("100.00");
        equal(List.of("out-of-stock"), orderAndFollow(client, shop.product("1", 2), 3).order.reasons);
        String product = shop.product("5", 9);
        OrderForm form = form(client, product, 1);
        shop.manage("/product/update-product", new JSONObject().put("ProductId", product).put("Price", "6"));
        Seen seen = follow(client, client.placeOrder(form.send()));
        eventually("it is settled", seen::isSettled);
        equal(List.of("price-changed"), seen.order.reasons);
    }

    @Test
    void the_same_attempt_sent_twice_is_one_order() throws Exception {
        RealShop shop = RealShop.shared();
        ShopClient client = shop.customer("50.00");
        OrderForm form = form(client, shop.product("10", 5), 1);
        String first = client.placeOrder(form.send());
        OrderForm restored = OrderForm.restore(form.save(), () -> "another");
        equal(first, client.placeOrder(restored.send()));
        equal(1, client.orders(null).items.size());
    }

    @Test
    void my_orders_come_newest_first_and_are_mine_alone() throws Exception {
        RealShop shop = RealShop.shared();
        String product = shop.product("1", 100);
        ShopClient client = shop.customer("50.00");
        ShopClient other = shop.customer("50.00");
        String first = client.placeOrder(form(client, product, 1).send());
        String second = client.placeOrder(form(client, product, 2).send());
        List<Order> mine = client.orders(null).items;
        equal(List.of(second, first), mine.stream().map(o -> o.id).collect(Collectors.toList()));
        that(!mine.get(0).productName.isEmpty() && mine.get(0).placedAtMs > 0, "it says what and when");
        equal(0, other.orders(null).items.size());
        Failure refused = failure(Failure.class, () -> other.order(first));
        that(refused.status == 403 || refused.status == 404, "another customer's order is not shown: " + refused.status);
    }

    @Test
    void the_profile_is_changed_and_a_new_password_logs_in_again() throws Exception {
        ShopClient client = RealShop.shared().customer("5");
        String name = client.session().userName;
        AccountForm form = RealShop.account(name);
        form.password = "";
        form.fullName = "Augusta Ada King";
        client.updateProfile(form);
        equal("Augusta Ada King", client.profile().fullName);
        form.currentPassword = "password of " + name;
        form.password = "a new password";
        Session before = client.session();
        client.updateProfile(form);
        equal("Augusta Ada King", client.profile().fullName);
        that(!before.token.equals(client.session().token), "there is a new token");
        equal(Failure.Kind.SIGNED_OUT, failure(Failure.class,
                () -> RealShop.shared().visitor().logIn(name, "password of " + name)).kind);
    }

    @Test
    void a_wrong_current_password_is_told_and_does_not_log_out() throws Exception {
        ShopClient client = RealShop.shared().customer("5");
        AccountForm form = RealShop.account(client.session().userName);
        form.currentPassword = "not the current one";
        form.password = "a new password";
        Failure failure = failure(Failure.class, () -> {
            client.updateProfile(form);
            return null;
        });
        equal(Failure.Kind.REFUSED, failure.kind);
        that(client.session() != null, "still logged in");
    }

    @Test
    void an_order_is_followed_over_the_death_of_the_shop() throws Exception {
        RealShop shop = RealShop.ofMyOwn();
        String product = shop.product("10", 5);
        ShopClient client = shop.customer("100.00");
        String orderId = client.placeOrder(form(client, product, 1).send());
        shop.kill();
        Seen seen = follow(client, orderId);
        eventually("it waits for the shop", () -> seen.states.contains(OrderFollower.State.WAITING));
        equal(Failure.Kind.UNREACHABLE, failure(Failure.class, client::profile).kind);
        OrderForm next = formWithoutShop(product);
        next.failed(failure(Failure.class, () -> client.placeOrder(next.send())));
        shop.startAgain();
        eventually("the order is settled", seen::isSettled);
        equal(Order.Status.FINALIZED, seen.order.status);
        equal(Money.parse("10"), client.invoice(orderId).total);
        Seen second = follow(client, client.placeOrder(next.send()));
        eventually("the second too", second::isSettled);
        equal(2, client.orders(null).items.size());
    }

    /** While the shop is away there is no price to be read: the one on the screen is. */
    private static OrderForm formWithoutShop(String productId) {
        OrderForm form = new OrderForm(productId, () -> java.util.UUID.randomUUID().toString());
        form.showPrice(Money.parse("10"));
        return form;
    }

    @Test
    void what_a_cut_stream_missed_is_told_when_it_is_resumed_after_a_restart() throws Exception {
        RealShop shop = RealShop.ofMyOwn();
        ShopClient client = shop.customer("100.00");
        HttpURLConnection live = client.orderEvents(null, 30_000);
        String orderId = client.placeOrder(form(client, shop.product("1", 50), 1).send());
        List<EventStream.Event> first = readAll(live, null, orderId);
        String seen = first.get(0).id;
        that(seen != null, "events have ids");
        shop.kill();
        shop.startAgain();
        List<EventStream.Event> missed = readAll(client.orderEvents(seen, 30_000), seen, orderId);
        equal(ids(first.subList(1, first.size())), ids(missed));
    }

    private static List<String> ids(List<EventStream.Event> events) {
        return events.stream().map(e -> e.id).collect(Collectors.toList());
    }

    /** Up to the last thing that happens to an order that is finalized, whichever that is. */
    private static List<EventStream.Event> readAll(HttpURLConnection stream, String after, String orderId) throws Exception {
        Set<String> awaited = new HashSet<>(Set.of("order.finalized", "product.stock-committed", "customer.credit-debited",
                "accounting.invoice-issued"));
        EventStream events = new EventStream(stream.getInputStream(), after);
        List<EventStream.Event> read = new ArrayList<>();
        while (!awaited.isEmpty()) {
            EventStream.Event event = events.next();
            that(event != null, "the stream goes on, still to come: " + awaited);
            read.add(event);
            JSONObject change = new JSONObject(event.data);
            equal(orderId, change.getJSONObject("Order").getString("OrderId"));
            awaited.remove(change.getJSONObject("Step").getString("Event"));
        }
        stream.disconnect();
        return read;
    }
}
