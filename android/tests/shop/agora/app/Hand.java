package shop.agora.app;

import shop.agora.core.PretendShop;
import shop.agora.device.Device;
import shop.agora.harness.Folders;

/** A device in a user's hand, and the ways that every test goes. */
final class Hand {
    static final shop.agora.preview.Device PHONE = shop.agora.preview.Device.phone(false);
    static final shop.agora.preview.Device TABLET = new shop.agora.preview.Device(1000, 640, true, 1, 1);

    final Device device;

    Hand(shop.agora.preview.Device kind) throws Exception {
        device = new Device(kind, Folders.fresh("agora-device").toFile(), App.class);
        device.open(ProductsActivity.class);
    }

    /** The address entered, and the products there. */
    static Hand in(String address) throws Exception {
        return in(address, PHONE);
    }

    static Hand in(String address, shop.agora.preview.Device kind) throws Exception {
        Hand hand = new Hand(kind);
        hand.device.type(R.id.address, address);
        hand.device.tap(R.id.submit);
        hand.waitFor(ProductsActivity.class);
        hand.device.until("products are shown", () -> hand.device.rows(R.id.list) > 0);
        return hand;
    }

    void waitFor(Class<?> screen) throws Exception {
        device.until("the screen is " + screen.getSimpleName() + ", not " + device.screen().getSimpleName(),
                () -> device.screen() == screen);
    }

    void waitForText(int id, String text) throws Exception {
        device.until("“" + text + "” is shown", () -> device.text(id).equals(text));
    }

    /** From the log-in screen. */
    void logIn(String name, String password) {
        device.type(R.id.user_name, name);
        device.type(R.id.password, password);
        device.tap(R.id.submit);
    }

    /** From the shop's first screen, by way of the profile, and back. */
    void logInAs(String name) throws Exception {
        device.tap(R.id.nav_profile);
        waitForText(R.id.state_button, "Log in");
        device.tap(R.id.state_button);
        logIn(name, PretendShop.PASSWORD);
        device.until("the profile is shown", () -> device.text(R.id.user_name).equals(name)
                && device.screen() == ProfileActivity.class);
        device.tap(R.id.nav_shop);
        waitFor(ProductsActivity.class);
    }

    void openProduct(int index) throws Exception {
        device.tapRow(R.id.list, index);
        waitFor(ProductActivity.class);
        device.until("the product is there", () -> device.isShown(R.id.order));
    }
}
