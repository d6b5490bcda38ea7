package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/**
 * The order form of one product: what was typed, and the key that keeps it from being ordered twice.
 *
 * <pre>
 *            send            refused (the shop said no)
 *  EDITING ───────▶ SENDING ───────────────────────────▶ EDITING, new key
 *                    │   ▲ send: the same again
 *          no answer ▼   │
 *                  UNCERTAIN
 * </pre>
 *
 * Without an answer the order may have been placed all the same. Then nothing can be changed until the same request,
 * with the same key, was answered: a changed one would be a second order.
 */
public final class OrderForm {
    public static final int MAX_QUANTITY = 1000;

    /** Where the form stands. */
    public enum State { EDITING, SENDING, UNCERTAIN }

    /** Makes a new key; tests give their own. */
    public interface Keys {
        String next();
    }

    /** One request to place the order, to be sent as it is, as often as it takes. */
    public static final class Attempt {
        final String key;
        private final String productId;
        private final int quantity;
        private final Money price;

        private Attempt(String key, String productId, int quantity, Money price) {
            this.key = key;
            this.productId = productId;
            this.quantity = quantity;
            this.price = price;
        }

        JSONObject body() {
            try {
                return ShopClient.body("ProductId", productId, "Price", price.toString()).put("Quantity", quantity);
            } catch (JSONException e) {
                throw new IllegalStateException("a number is always JSON", e);
            }
        }
    }

    private final Keys keys;
    private final String productId;
    private String key;
    private State state = State.EDITING;
    private State beforeSending = State.EDITING;
    private String quantity = "1";
    private Money price;
    private Money credit;

    public OrderForm(String productId, Keys keys) {
        this.productId = productId;
        this.keys = keys;
        this.key = keys.next();
    }

    /** As {@link #save} gave it. What was being sent when the app ended has no answer any more: uncertain. */
    public static OrderForm restore(String saved, Keys keys) {
        try {
            JSONObject json = new JSONObject(saved);
            OrderForm form = new OrderForm(json.getString("ProductId"), keys);
            form.key = json.getString("Key");
            form.quantity = json.getString("Quantity");
            form.price = json.isNull("Price") ? null : Money.parse(json.getString("Price"));
            form.state = State.valueOf(json.getString("State")) == State.EDITING ? State.EDITING : State.UNCERTAIN;
            return form;
        } catch (JSONException e) {
            throw new IllegalArgumentException("not a saved form", e);
        }
    }

    public String save() {
        try {
            return ShopClient.body("ProductId", productId, "Key", key, "Quantity", quantity, "State", state.name())
                    .put("Price", price == null ? JSONObject.NULL : price.toString()).toString();
        } catch (JSONException e) {
            throw new IllegalStateException("a text is always JSON", e);
        }
    }

    /** The price on the screen. Not taken while an answer is out: what was sent must stay what is sent. */
    public void showPrice(Money shown) {
        if (state == State.EDITING) {
            price = shown;
        }
    }

    /** What the customer can spend; null while it is not known. */
    public void showCredit(Money shown) {
        credit = shown;
    }

    public void type(String typed) {
        if (state == State.EDITING) {
            quantity = typed.trim();
        }
    }

    /** One more or one less, within what can be ordered. */
    public void step(int by) {
        int current = quantity();
        type(Integer.toString(Math.max(1, Math.min(MAX_QUANTITY, current == 0 ? 1 : current + by))));
    }

    public State state() {
        return state;
    }

    public String typed() {
        return quantity;
    }

    /** 1 to 1000, or 0 for what cannot be ordered. */
    public int quantity() {
        if (!quantity.matches("[0-9]{1,4}")) {
            return 0;
        }
        int number = Integer.parseInt(quantity);
        return number <= MAX_QUANTITY ? number : 0;
    }

    /** Null while there is no price or no quantity to multiply. */
    public Money total() {
        return price == null || quantity() == 0 ? null : price.times(quantity());
    }

    public Money credit() {
        return credit;
    }

    /** What is left to spend after the order, below zero where it is not enough. Null while either is not known. */
    public Money left() {
        Money total = total();
        return credit == null || total == null ? null : Money.ofMinor(credit.minor() - total.minor());
    }

    /** Null where there is nothing to send, or it is on its way already. */
    public Attempt send() {
        if (state == State.SENDING || total() == null) {
            return null;
        }
        beforeSending = state;
        state = State.SENDING;
        return new Attempt(key, productId, quantity(), price);
    }

    /** What never got as far as the order (no connection, no log-in) says nothing about an earlier attempt. */
    public void failed(Failure failure) {
        if (failure.isUncertain()) {
            state = State.UNCERTAIN;
        } else if (failure.kind == Failure.Kind.REFUSED && (beforeSending == State.EDITING || isOfOrder(failure))) {
            state = State.EDITING;
            key = keys.next();
        } else {
            state = beforeSending;
        }
    }

    /** A shop that is just starting says 404 to everything: only these are the word of who takes orders. */
    private static boolean isOfOrder(Failure failure) {
        return failure.status == 400 || failure.status == 409 || failure.status == 422;
    }
}
