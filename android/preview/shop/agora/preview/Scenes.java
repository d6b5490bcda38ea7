package shop.agora.preview;

import java.util.Locale;
import java.util.TimeZone;
import shop.agora.core.Formats;
import shop.agora.core.Money;

/** The screens filled with what a shop could say, each from the layout and the words the app uses. */
final class Scenes {
    private static final long PLACED_MS = Formats.parseTime("2025-11-03T09:41:07Z");
    /** Category, name, price in cents, units. */
    private static final Object[][] PRODUCTS = {
        {"Coffee & Tea", "Earl Grey Tea, loose leaf 250 g", 899, 40},
        {"Coffee & Tea", "Ground Coffee Dark Roast", 649, 3},
        {"Bakery", "Sourdough Bread", 420, 12},
        {"Cheese", "Aged Gouda, 24 months", 1250, 0},
        {"Vegetables", "Vine Tomatoes", 299, 85},
        {"Pasta", "Spaghetti No. 5", 149, 200},
        {"Oils", "Extra Virgin Olive Oil 1 l", 1399, 18},
        {"Bakery", "Butter Croissant, 4 pieces", 380, 5},
        {"Frozen", "Blueberries 500 g", 459, 31},
        {"Cheese", "Goat Cheese Log", 389, 14},
        {"Snacks", "Roasted Almonds", 575, 60},
        {"Vegetables", "Baby Spinach", 249, 22},
    };
    private static final Object[][] CATEGORIES = {{"Bakery", 48}, {"Cheese", 131}, {"Coffee & Tea", 214}, {"Frozen", 305},
        {"Oils", 37}, {"Pasta", 92}, {"Snacks", 410}, {"Vegetables", 1240}};

    private final Resources r;
    private final Formats formats = new Formats(Locale.UK, TimeZone.getTimeZone("UTC"));

    Scenes(Resources resources) {
        r = resources;
    }

    private String amount(int cents) {
        return formats.amount(Money.ofMinor(cents), "EUR");
    }

    private Box screen(String layout, String title, boolean hasBack) {
        Box box = Box.inflate(r, layout).text("title", r.string(title));
        if (!hasBack) {
            box.hide("back");
        }
        if (box.findOrNull("content") != null) {
            box.show("content");
        }
        return box;
    }

    private Box withSettings(Box box) {
        box.find("action").set("src", "@drawable/ic_settings");
        return box.show("action");
    }

    Box products() {
        Box box = withSettings(screen("activity_products", "app_name", false)).show("refresh");
        box.find("nav_shop").setState("selected");
        for (Object[] product : PRODUCTS) {
            int units = (Integer) product[3];
            Box item = Box.inflate(r, "item_product").text("name", (String) product[1])
                    .text("price", amount((Integer) product[2])).text("availability", availability(units));
            item.find("picture").picture = new String[] {(String) product[0], (String) product[1]};
            box.find("list").children.add(item);
        }
        if (box.findOrNull("categories") != null) {
            addCategories(box, 3);
        }
        return box;
    }

    private String availability(int units) {
        return units == 0 ? r.string("sold_out") : units > 5 ? r.string("in_stock") : r.plural("few_left", units, units);
    }

    private void addCategories(Box box, int selected) {
        box.find("categories").children.add(Box.inflate(r, "item_category").text("name", r.string("all_categories")));
        for (Object[] category : CATEGORIES) {
            box.find("categories").children.add(Box.inflate(r, "item_category").text("name", (String) category[0])
                    .text("count", formats.count((Integer) category[1])));
        }
        if (selected > 0) {
            box.find("categories").children.get(0).setState("activated");
        }
    }

    Box categories() {
        Box box = screen("activity_categories", "categories", true);
        addCategories(box, 0);
        return box;
    }

    Box product() {
        Box box = screen("activity_product", "product", true).show("refresh")
                .text("name", "Earl Grey Tea, loose leaf 250 g").text("category", "Coffee & Tea")
                .text("price", amount(899)).text("availability", r.string("in_stock"))
                .text("description", "Black tea from the highlands of Sri Lanka, "
                        + "scented with the oil of real bergamot. Makes about 100 cups.")
                .text("supplier", r.string("supplier_and_code", "Dimbula Estate", "TE-0417"))
                .text("quantity", "3").text("total", amount(2697))
                .text("credit", r.string("credit_before_and_after", amount(10_000), amount(7303)));
        box.find("availability").set("background", "@drawable/badge_good").set("textColor", "@color/good");
        box.find("picture").picture = new String[] {"Coffee & Tea", "Earl Grey Tea, loose leaf 250 g"};
        return box;
    }

    Box uncertainOrder() {
        Box box = product().text("order_note", r.string("order_uncertain", r.string("timeout_title") + "."))
                .text("order", r.string("order_again"));
        box.find("quantity").setState("disabled");
        return box;
    }

    Box orders() {
        Box box = screen("activity_orders", "my_orders", false).show("refresh");
        box.find("nav_orders").setState("selected");
        addOrder(box, "Earl Grey Tea, loose leaf 250 g", 3, 899, "status_pending", "plain", "primary", 0);
        addOrder(box, "Extra Virgin Olive Oil 1 l", 1, 1399, "status_finalized", "good", "good", 26);
        addOrder(box, "Aged Gouda, 24 months", 12, 1250, "status_canceled", "bad", "bad", 49);
        addOrder(box, "Spaghetti No. 5", 10, 149, "status_finalized", "good", "good", 101);
        return box;
    }

    private void addOrder(Box box, String name, int quantity, int cents, String status, String badge, String color,
            int hoursAgo) {
        Box item = Box.inflate(r, "item_order").text("name", name)
                .text("quantity", r.string("quantity_times_price", quantity, amount(cents)))
                .text("time", formats.dateAndTime(PLACED_MS - hoursAgo * 3_600_000L))
                .text("total", amount(cents * quantity)).text("status", r.string(status));
        item.find("status").set("background", "@drawable/badge_" + badge).set("textColor", "@color/" + color);
        item.find("picture").picture = new String[] {name, name};
        box.find("list").children.add(item);
    }

    private Box order(String name, int quantity, int cents, String status, String badge, String color) {
        Box box = screen("activity_order", "order", true).show("refresh").text("name", name)
                .text("quantity", r.string("quantity_times_price", quantity, amount(cents)))
                .text("total", amount(cents * quantity)).text("status", r.string(status));
        box.find("status").set("background", "@drawable/badge_" + badge).set("textColor", "@color/" + color);
        box.find("picture").picture = new String[] {name, name};
        return box;
    }

    Box orderRunning() {
        Box box = order("Earl Grey Tea, loose leaf 250 g", 3, 899, "status_pending", "plain", "primary")
                .text("live", r.string("live_on"));
        addStep(box, "step_placed", "good", "check", 0);
        addStep(box, "step_stock_reserved", "good", "check", 140);
        addStep(box, "awaiting_credit", "waiting", "clock", -1);
        addStep(box, "awaiting_end", "waiting", "clock", -1);
        return ended(box);
    }

    Box orderFinalized() {
        Box box = order("Extra Virgin Olive Oil 1 l", 1, 1399, "status_finalized", "good", "good").show("invoice");
        int at = -60;
        for (String step : new String[] {"step_placed", "step_credit_reserved", "step_stock_reserved", "step_approved",
            "step_finalized", "step_stock_committed", "step_credit_debited", "step_invoice_issued"}) {
            addStep(box, step, "good", "check", at += 60);
        }
        return ended(box);
    }

    Box orderCanceled() {
        Box box = order("Aged Gouda, 24 months", 12, 1250, "status_canceled", "bad", "bad")
                .text("reasons", r.string("reason_low_credit"));
        addStep(box, "step_placed", "good", "check", 0);
        addStep(box, "step_stock_reserved", "good", "check", 120);
        addStep(box, "step_credit_denied", "bad", "cross", 180);
        addStep(box, "step_denied", "bad", "cross", 240);
        addStep(box, "step_stock_released", "good", "check", 300);
        return ended(box);
    }

    private void addStep(Box box, String words, String round, String icon, int afterMs) {
        Box step = Box.inflate(r, "item_step").text("name", r.string(words));
        if (afterMs < 0) {
            step.hide("time");
        } else {
            step.text("time", afterMs == 0 ? formats.dateAndTime(PLACED_MS)
                    : r.string("after_seconds", formats.seconds(afterMs)));
        }
        step.find("mark").set("background", "@drawable/round_" + round).set("src", "@drawable/ic_" + icon)
                .set("tint", round.equals("waiting") ? "@color/ink_soft" : "@color/" + round);
        box.find("steps").children.add(step);
    }

    private static Box ended(Box box) {
        Box steps = box.find("steps");
        steps.children.get(steps.children.size() - 1).hide("line");
        return box;
    }

    Box invoice() {
        return screen("activity_invoice", "invoice", true).text("number", r.string("invoice_number", "1042"))
                .text("date", formats.date(PLACED_MS)).text("customer", "Ada Lovelace")
                .text("product", "Extra Virgin Olive Oil 1 l").text("quantity", "3")
                .text("unit_price", amount(1399))
                .text("total", amount(4197))
                .text("order_id", r.string("order_id", "0198c1f2-6a0e-7b1d-9d4f-2f6b1c3a5e77"));
    }

    Box profile() {
        Box box = withSettings(screen("activity_profile", "profile", false)).show("refresh")
                .text("full_name", "Ada Lovelace").text("user_name", "ada").text("email", "ada@example.com")
                .text("available", amount(7303)).text("reserved", amount(2697)).text("credit", amount(10_000));
        box.find("nav_profile").setState("selected");
        box.find("credit_bar").progress = 730;
        return box;
    }

    Box editProfile() {
        return screen("activity_edit_profile", "edit_profile", true).text("full_name", "Ada Lovelace")
                .text("email", "ada@example.com").text("current_password", "12345678").text("password", "1234")
                .text("password_fault", r.string("fault_password_length"));
    }

    Box logIn() {
        return withSettings(screen("activity_log_in", "log_in", true)).text("user_name", "ada").text("password", "12345678")
                .text("note", r.string("wrong_log_in"));
    }

    Box register() {
        return screen("activity_register", "register", true).text("user_name", "Ada")
                .text("user_name_fault", r.string("fault_user_name_letters")).text("full_name", "Ada Lovelace");
    }

    Box settings() {
        Box box = screen("activity_settings", "settings", true).text("address", "http://192.168.1.20:8080")
                .show("plain_warning").text("version", r.string("version", "0.1.0"));
        box.find("address").setState("focused");
        return box;
    }

    Box welcome() {
        Box box = state(withSettings(screen("activity_products", "app_name", false)), "ic_shop", "no_shop_title",
                "no_shop_text", "settings");
        box.find("nav_shop").setState("selected");
        return box;
    }

    Box loading() {
        Box box = screen("activity_orders", "my_orders", false).show("state").hide("state_icon").hide("state_text")
                .hide("state_button").text("state_title", r.string("loading"));
        box.find("nav_orders").setState("selected");
        return box;
    }

    private Box state(Box box, String icon, String title, String text, String button) {
        box.show("state").hide("state_busy").text("state_title", r.string(title)).text("state_text", r.string(text))
                .text("state_button", r.string(button));
        box.find("state_icon").set("src", "@drawable/" + icon);
        return box;
    }

    Box empty() {
        Box box = state(screen("activity_orders", "my_orders", false), "ic_empty",
                "no_orders_title", "no_orders_text", "go_shopping");
        box.find("nav_orders").setState("selected");
        return box;
    }

    Box offline() {
        Box box = state(withSettings(screen("activity_profile", "profile", false)).hide("content"), "ic_offline",
                "offline_title", "offline_text", "try_again");
        box.find("nav_profile").setState("selected");
        return box;
    }

    Box failed() {
        return state(screen("activity_invoice", "invoice", true).hide("content"), "ic_trouble", "not_the_shop_title",
                "not_the_shop_text", "try_again");
    }

    Box outOfDate() {
        return products().text("banner", r.string("not_up_to_date", r.string("unreachable_title") + "."));
    }
}
