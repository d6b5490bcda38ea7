package shop.agora.app;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.that;

import java.util.List;
import shop.agora.core.PretendShop;
import shop.agora.device.Device;
import shop.agora.harness.Test;

/** The screens themselves, as they are in the APK, on a device of cardboard. */
final class ScreenTest {
    private static final int SEARCH_KEY = 3;

    @Test
    void the_first_start_asks_for_the_address_warns_of_http_and_then_shows_the_shop() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = new Hand(Hand.PHONE);
            Device device = hand.device;
            equal(SettingsActivity.class, device.screen());
            device.tap(R.id.submit);
            equal("Enter the address of the shop.", device.text(R.id.address_fault));
            device.type(R.id.address, "shop.example.com");
            that(!device.isShown(R.id.address_fault) && !device.isShown(R.id.plain_warning), "https needs no warning");
            device.type(R.id.address, shop.address());
            that(device.isShown(R.id.plain_warning), "http is warned of");
            device.tap(R.id.submit);
            that(!device.isEnabled(R.id.submit), "it is not sent twice");
            hand.waitFor(ProductsActivity.class);
            device.until("the products are there", () -> device.rows(R.id.list) == 50);
            equal("Tea 00, £2.50, Sold out", device.description(R.id.list, 0));
            equal("Tea 03, £2.50, Only 3 left", device.description(R.id.list, 3));
            that(device.drawn().contains("T0"), "its picture is drawn");
        }
    }

    @Test
    void an_address_where_something_else_answers_is_told_and_not_kept() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            shop.isSomethingElse = true;
            Device device = new Hand(Hand.PHONE).device;
            device.type(R.id.address, shop.address());
            device.tap(R.id.submit);
            device.until("a note says so", () -> device.text(R.id.note).startsWith("This is not the shop"));
            device.type(R.id.address, PretendShop.nobodysAddress());
            device.tap(R.id.submit);
            device.until("a note says so", () -> device.text(R.id.note).startsWith("The shop cannot be reached"));
            device.back();
            equal("Welcome", device.text(R.id.state_title));
        }
    }

    @Test
    void the_catalogue_scrolls_on_searches_sorts_and_shows_a_category() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            device.scrollTo(R.id.list, 44);
            device.until("the rest is there", () -> device.rows(R.id.list) == 60);
            device.type(R.id.search, "Tea 1");
            device.until("it is found", () -> device.rows(R.id.list) == 10);
            device.tap(R.id.sort);
            device.choose("Highest price first");
            device.until("it is sorted", () -> device.rows(R.id.list) == 10
                    && device.description(R.id.list, 0).startsWith("Tea 19"));
            device.tap(R.id.category);
            hand.waitFor(CategoriesActivity.class);
            device.until("categories are there", () -> device.rows(R.id.categories) == 3);
            equal("Category 1, 30 products", device.description(R.id.categories, 2));
            device.tapRow(R.id.categories, 2);
            device.until("its five are there", () -> device.rows(R.id.list) == 5);
            equal("Category 1", device.text(R.id.category));
            device.type(R.id.search, "no such thing");
            device.press(R.id.search, SEARCH_KEY);
            hand.waitForText(R.id.state_title, "Nothing found");
            device.tap(R.id.state_button);
            device.until("all are there again", () -> device.rows(R.id.list) == 50);
        }
    }

    @Test
    void turning_keeps_the_list_and_the_end_of_the_process_what_was_asked_for() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            device.type(R.id.search, "Tea 2");
            device.until("it is found", () -> device.rows(R.id.list) == 10);
            long asked = shop.count("GET /product/get-all-products");
            device.turn();
            equal(10, device.rows(R.id.list));
            equal("Tea 2", device.text(R.id.search));
            equal(asked, shop.count("GET /product/get-all-products"));
            device.killProcess();
            device.until("it is found again", () -> device.rows(R.id.list) == 10);
            equal("Tea 2", device.text(R.id.search));
        }
    }

    @Test
    void an_order_leads_over_the_log_in_to_its_timeline_and_invoice() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.openProduct(7);
            equal("Log in to order", device.text(R.id.order));
            device.type(R.id.quantity, "3");
            equal("£7.50", device.text(R.id.total));
            device.tap(R.id.order);
            hand.waitFor(LogInActivity.class);
            hand.logIn("ada", "wrong password");
            hand.waitForText(R.id.note, "User name or password is wrong.");
            hand.logIn("ada", PretendShop.PASSWORD);
            hand.waitFor(ProductActivity.class);
            equal("3", device.text(R.id.quantity));
            device.until("it can be ordered", () -> device.text(R.id.order).equals("Place the order"));
            hand.waitForText(R.id.credit, "Your credit £87.50, after this order £80.00");
            device.tap(R.id.order);
            hand.waitFor(OrderActivity.class);
            hand.waitForText(R.id.status, "Completed");
            equal("£7.50", device.text(R.id.total));
            List<String> texts = Device.texts(device.content());
            that(texts.containsAll(List.of("Order placed", "Order completed", "after 0.25 s")), "the timeline: " + texts);
            device.turn();
            equal("Completed", device.text(R.id.status));
            device.tap(R.id.invoice);
            hand.waitForText(R.id.number, "Invoice 7");
            equal("Ada Lovelace", device.text(R.id.customer));
            device.back();
            device.back();
            equal(ProductActivity.class, device.screen());
            equal("1", device.text(R.id.quantity));
        }
    }

    @Test
    void a_quantity_that_cannot_be_ordered_is_told_and_one_sold_out_cannot_be() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.openProduct(5);
            device.type(R.id.quantity, "0");
            equal("Order from 1 to 1,000.", device.text(R.id.quantity_fault));
            that(!device.isEnabled(R.id.order), "nothing to order");
            device.tap(R.id.more);
            equal("1", device.text(R.id.quantity));
            device.tap(R.id.more);
            equal("£5.00", device.text(R.id.total));
            device.back();
            hand.openProduct(0);
            hand.waitForText(R.id.order, "Sold out");
            that(!device.isEnabled(R.id.order), "it is sold out");
        }
    }

    @Test
    void an_order_beyond_the_credit_is_told_before_it_is_placed() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.openProduct(9);
            that(!device.isShown(R.id.credit), "a visitor has none");
            device.back();
            hand.logInAs("ada");
            hand.openProduct(9);
            device.type(R.id.quantity, "36");
            hand.waitForText(R.id.credit, "Your credit of £87.50 is not enough for this.");
            that(!device.isEnabled(R.id.order), "it would be denied");
            device.type(R.id.quantity, "35");
            equal("Your credit £87.50, after this order £0.00", device.text(R.id.credit));
            that(device.isEnabled(R.id.order), "it is enough for this");
        }
    }

    @Test
    void what_was_typed_into_an_order_outlives_turning_and_the_end_of_the_process() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.openProduct(9);
            device.type(R.id.quantity, "12");
            device.turn();
            equal("12", device.text(R.id.quantity));
            equal("£30.00", device.text(R.id.total));
            device.killProcess();
            hand.waitForText(R.id.quantity, "12");
            hand.waitForText(R.id.total, "£30.00");
        }
    }

    @Test
    void an_order_without_an_answer_is_locked_and_ordering_again_sends_the_same_one() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            hand.openProduct(9);
            shop.isSilentAboutOrders = true;
            device.tap(R.id.order);
            hand.waitForText(R.id.order, "Order again, safely");
            that(device.text(R.id.order_note).startsWith("The shop is busy. It is not sure"), device.text(R.id.order_note));
            that(!device.isEnabled(R.id.quantity) && !device.isEnabled(R.id.more), "nothing can be changed");
            device.killProcess();
            hand.waitForText(R.id.order, "Order again, safely");
            device.tap(R.id.order);
            device.until("it came again", () -> shop.orderAttempts.containsValue(2));
            hand.waitForText(R.id.order, "Order again, safely");
            shop.isSilentAboutOrders = false;
            device.turn();
            hand.waitFor(OrderActivity.class);
            equal(1, shop.orderAttempts.size());
        }
    }

    @Test
    void an_order_that_a_busy_shop_refused_is_sent_again_by_itself_and_with_the_same_key() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            hand.openProduct(9);
            shop.busyWithOrders = 1;
            device.tap(R.id.order);
            hand.waitForText(R.id.order_note, "The shop is busy. Your order will be sent again in a moment.");
            that(device.isEnabled(R.id.quantity), "nothing was ordered: it can still be changed");
            hand.waitFor(OrderActivity.class);
            equal(List.copyOf(shop.orderAttempts.keySet()), shop.orderRefusals);
        }
    }

    @Test
    void a_log_in_that_ended_leads_to_the_log_in_and_back_to_where_one_was() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            device.tap(R.id.nav_orders);
            hand.waitForText(R.id.state_title, "No orders yet");
            shop.isForgetful = true;
            device.tap(R.id.refresh);
            hand.waitFor(LogInActivity.class);
            equal("ada", device.text(R.id.user_name));
            hand.logIn("ada", PretendShop.PASSWORD);
            hand.waitFor(OrdersActivity.class);
            hand.waitForText(R.id.state_title, "No orders yet");
        }
    }

    @Test
    void logging_out_ends_everything_of_that_customer_on_the_screen() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            hand.openProduct(9);
            device.tap(R.id.order);
            hand.waitForText(R.id.status, "Completed");
            device.back();
            device.back();
            device.tap(R.id.nav_orders);
            device.until("it is there", () -> device.rows(R.id.list) == 1);
            equal("Tea, £2.50, Completed, ", device.description(R.id.list, 0).substring(0, 23));
            device.tap(R.id.nav_profile);
            hand.waitForText(R.id.available, "£87.50");
            device.tap(R.id.log_out);
            hand.waitForText(R.id.state_title, "You are not logged in");
            that(!device.isShown(R.id.full_name), "the profile is gone");
            equal(ProfileActivity.class, device.screen());
            device.tap(R.id.state_button);
            device.type(R.id.user_name, "eve");
            device.type(R.id.password, PretendShop.PASSWORD);
            device.tap(R.id.submit);
            hand.waitForText(R.id.full_name, "Eve");
            device.tap(R.id.nav_orders);
            equal(0, device.rows(R.id.list));
            hand.waitForText(R.id.state_title, "No orders yet");
        }
    }

    @Test
    void registering_tells_faults_at_their_fields_and_then_leads_back() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            device.tap(R.id.nav_profile);
            hand.waitForText(R.id.state_button, "Log in");
            device.tap(R.id.state_button);
            device.tap(R.id.register);
            device.type(R.id.user_name, "Ada");
            device.type(R.id.password, PretendShop.PASSWORD);
            device.type(R.id.email, "ada@example.invalid");
            device.tap(R.id.submit);
            equal("Only small letters, digits, “.”, “_” and “-”.", device.text(R.id.user_name_fault));
            equal("This is needed.", device.text(R.id.full_name_fault));
            that(device.isFocused(R.id.user_name), "the first fault has the focus");
            device.type(R.id.user_name, "ada");
            device.type(R.id.full_name, "Ada King");
            device.turn();
            equal(PretendShop.PASSWORD, device.text(R.id.password));
            device.tap(R.id.submit);
            hand.waitForText(R.id.user_name_fault, "is taken");
            device.killProcess();
            equal("", device.text(R.id.password));
            equal("Ada King", device.text(R.id.full_name));
            device.type(R.id.user_name, "ada.king");
            device.type(R.id.password, PretendShop.PASSWORD);
            device.tap(R.id.submit);
            hand.waitFor(ProfileActivity.class);
            hand.waitForText(R.id.full_name, "Ada King");
        }
    }

    @Test
    void the_profile_is_edited_and_what_was_typed_is_not_overwritten() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            device.tap(R.id.nav_profile);
            hand.waitForText(R.id.full_name, "Ada Lovelace");
            device.tap(R.id.edit);
            hand.waitForText(R.id.full_name, "Ada Lovelace");
            device.type(R.id.full_name, "Augusta Ada King");
            device.turn();
            equal("Augusta Ada King", device.text(R.id.full_name));
            device.type(R.id.password, "something new");
            device.tap(R.id.submit);
            equal("This is needed.", device.text(R.id.current_password_fault));
            device.type(R.id.password, "");
            device.tap(R.id.submit);
            hand.waitFor(ProfileActivity.class);
            hand.waitForText(R.id.full_name, "Augusta Ada King");
        }
    }

    @Test
    void a_screen_that_failed_offline_loads_by_itself_when_there_is_a_network_again() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            shop.isSomethingElse = true;
            device.goOnline(false);
            device.tap(R.id.refresh);
            hand.waitForText(R.id.banner, "You are offline. What you see may be out of date.");
            that(device.rows(R.id.list) > 0, "what was there stays");
            device.tapRow(R.id.list, 4);
            hand.waitForText(R.id.state_title, "You are offline");
            shop.isSomethingElse = false;
            device.goOnline(true);
            device.until("it loads by itself", () -> device.isShown(R.id.order));
            that(!device.isShown(R.id.state), "and the trouble is gone");
        }
    }

    @Test
    void a_tablet_has_the_categories_beside_the_products() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address(), Hand.TABLET);
            Device device = hand.device;
            device.until("categories are there", () -> device.rows(R.id.categories) == 3);
            device.tapRow(R.id.categories, 1);
            device.until("its thirty are there", () -> device.rows(R.id.list) == 30);
            device.tapRow(R.id.categories, 0);
            device.until("all are there", () -> device.rows(R.id.list) == 50);
            hand.openProduct(3);
            device.turn();
            that(device.isShown(R.id.order), "upright it is there too");
        }
    }

    @Test
    void another_shop_ends_the_log_in_and_shows_its_own_products() throws Exception {
        try (PretendShop shop = new PretendShop(); PretendShop other = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            Device device = hand.device;
            hand.logInAs("ada");
            device.tap(R.id.action);
            equal(shop.address(), device.text(R.id.address));
            device.type(R.id.address, other.address());
            device.tap(R.id.submit);
            hand.waitFor(ProductsActivity.class);
            device.until("the other's are there", () -> device.rows(R.id.list) == 50
                    && other.count("GET /product/get-all-products") == 1);
            device.tap(R.id.nav_profile);
            hand.waitForText(R.id.state_title, "You are not logged in");
            equal(0L, other.count("GET /customer"));
        }
    }

    @Test
    void the_log_in_outlives_the_end_of_the_process() throws Exception {
        try (PretendShop shop = new PretendShop()) {
            Hand hand = Hand.in(shop.address());
            hand.logInAs("ada");
            hand.device.killProcess();
            hand.device.tap(R.id.nav_profile);
            hand.waitForText(R.id.full_name, "Ada Lovelace");
        }
    }
}
