package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/** One recorded step in an order's history. */
public final class OrderStep {
    /** The steps that have words of their own; others are shown by their recorded name. */
    public enum Kind {
        PLACED("order.placed"),
        STOCK_RESERVED("product.stock-reserved"),
        STOCK_DENIED("product.stock-denied"),
        CREDIT_RESERVED("customer.credit-reserved"),
        CREDIT_DENIED("customer.credit-denied"),
        APPROVED("order.approved"),
        FINALIZED("order.finalized"),
        DENIED("order.denied"),
        STOCK_COMMITTED("product.stock-committed"),
        CREDIT_DEBITED("customer.credit-debited"),
        INVOICE_ISSUED("accounting.invoice-issued"),
        STOCK_RELEASED("product.stock-released"),
        CREDIT_RELEASED("customer.credit-released"),
        OTHER("");

        private final String event;

        Kind(String event) {
            this.event = event;
        }

        static Kind of(String event) {
            for (Kind kind : values()) {
                if (kind.event.equals(event)) {
                    return kind;
                }
            }
            return OTHER;
        }
    }

    public final Kind kind;
    public final String event;
    public final long atMs;
    public final long position;

    private OrderStep(JSONObject json) throws JSONException {
        event = Json.string(json, "Event");
        kind = Kind.of(event);
        atMs = Json.time(json, "At");
        position = json.optLong("Position");
    }

    static final ShopClient.Reader<OrderStep> READER = new ShopClient.Reader<OrderStep>() {
        @Override
        public OrderStep read(JSONObject json) throws JSONException {
            return new OrderStep(json);
        }
    };

    public boolean isBad() {
        return kind == Kind.STOCK_DENIED || kind == Kind.CREDIT_DENIED || kind == Kind.DENIED;
    }
}
