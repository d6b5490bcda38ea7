package shop.agora.app;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.that;

import java.util.List;
import shop.agora.core.RealShop;
import shop.agora.device.Device;
import shop.agora.harness.Test;

/** From the first start to the invoice, by the screens, in a real shop. */
final class ScreenStoryTest {
    private static final String PASSWORD = "a long password";

    @Test
    void a_customer_registers_orders_watches_it_and_gets_an_invoice() throws Exception {
        RealShop shop = RealShop.shared();
        shop.product("12.50", 20);
        Hand hand = Hand.in(shop.address().toString());
        Device device = hand.device;
        device.tap(R.id.nav_profile);
        hand.waitForText(R.id.state_button, "Log in");
        device.tap(R.id.state_button);
        device.tap(R.id.register);
        device.type(R.id.user_name, RealShop.newName("eve"));
        device.type(R.id.password, PASSWORD);
        device.type(R.id.full_name, "Eve Example");
        device.type(R.id.email, "eve@example.invalid");
        device.tap(R.id.submit);
        hand.waitFor(ProfileActivity.class);
        device.until("the welcome credit is shown", () -> device.text(R.id.available).contains("100.00"));
        device.tap(R.id.nav_shop);
        String name = shop.productName(shop.product("12.50", 20));
        device.type(R.id.search, name);
        device.until("it is found", () -> device.rows(R.id.list) == 1 && device.description(R.id.list, 0).startsWith(name));
        hand.openProduct(0);
        device.type(R.id.quantity, "2");
        device.tap(R.id.order);
        hand.waitFor(OrderActivity.class);
        hand.waitForText(R.id.status, "Completed");
        device.until("the invoice is there", () -> device.isShown(R.id.invoice));
        List<String> texts = Device.texts(device.content());
        that(texts.containsAll(List.of("Order placed", "Goods set aside for you", "Credit set aside", "Order completed")),
                "the timeline: " + texts);
        device.tap(R.id.invoice);
        hand.waitForText(R.id.customer, "Eve Example");
        that(device.text(R.id.total).contains("25.00"), device.text(R.id.total));
        device.back();
        device.back();
        device.back();
        device.tap(R.id.nav_profile);
        device.until("the credit is less", () -> device.text(R.id.available).contains("75.00"));
        device.tap(R.id.nav_orders);
        device.until("the order is there", () -> device.rows(R.id.list) == 1);
        String row = device.description(R.id.list, 0);
        that(row.startsWith(name + ", ") && row.contains("25.00, Completed, "), row);
    }

    @Test
    void an_order_beyond_the_credit_is_seen_to_be_canceled_and_why() throws Exception {
        RealShop shop = RealShop.shared();
        String name = shop.productName(shop.product("60", 20));
        Hand hand = Hand.in(shop.address().toString());
        Device device = hand.device;
        device.tap(R.id.nav_profile);
        hand.waitForText(R.id.state_button, "Log in");
        device.tap(R.id.state_button);
        String user = shop.newCustomer("100");
        hand.logIn(user, "wrong password");
        hand.waitForText(R.id.note, "User name or password is wrong.");
        hand.logIn(user, RealShop.passwordOf(user));
        device.until("the credit is shown", () -> device.text(R.id.available).contains("100.00"));
        device.tap(R.id.nav_shop);
        device.type(R.id.search, name);
        device.until("it is found", () -> device.rows(R.id.list) == 1 && device.description(R.id.list, 0).startsWith(name));
        hand.openProduct(0);
        device.type(R.id.quantity, "2");
        device.tap(R.id.order);
        hand.waitFor(OrderActivity.class);
        hand.waitForText(R.id.status, "Canceled");
        equal("Your credit is not enough.", device.text(R.id.reasons));
        that(!device.isShown(R.id.invoice), "there is no invoice");
    }
}
