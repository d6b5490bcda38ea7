package shop.agora.core;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.json.JSONException;
import org.json.JSONObject;

/** An order, where it stands, and how far its reservations are. */
public final class Order {
    /** A later shop may know more states than this app: those are UNKNOWN, never an error. */
    public enum Status { PENDING, APPROVED, FINALIZED, CANCELED, UNKNOWN }

    /** The state of the stock or the credit set aside for the order. */
    public enum Part { PENDING, RESERVED, DENIED, RELEASED, COMMITTED, UNKNOWN }

    /** Why an order was canceled. */
    public enum Reason { OUT_OF_STOCK, LOW_CREDIT, PRICE_CHANGED, UNKNOWN_PRODUCT, UNKNOWN_CUSTOMER, DEADLINE, OTHER }

    public final String id;
    public final String productId;
    public final String productName;
    public final int quantity;
    public final Money price;
    public final Money total;
    /** ISO 4217; empty where the shop does not say. */
    public final String currency;
    public final Status status;
    public final Part stock;
    public final Part credit;
    public final List<String> reasons;
    /** Null until there is an invoice. */
    public final Long invoiceNumber;
    public final long placedAtMs;

    private Order(JSONObject json) throws JSONException {
        id = Json.string(json, "OrderId");
        productId = Json.optString(json, "ProductId");
        productName = Json.optString(json, "ProductName");
        quantity = json.getInt("Quantity");
        price = Json.money(json, "Price");
        total = json.isNull("Total") ? price.times(quantity) : Json.money(json, "Total");
        currency = Json.optString(json, "Currency");
        status = status(Json.string(json, "Status"));
        stock = part(Json.optString(json, "StockStatus"));
        credit = part(Json.optString(json, "CreditStatus"));
        reasons = Collections.unmodifiableList(Json.strings(json, "Reasons"));
        invoiceNumber = json.isNull("InvoiceNumber") ? null : Long.valueOf(json.getLong("InvoiceNumber"));
        placedAtMs = Json.time(json, "PlacedAt");
    }

    static final ShopClient.Reader<Order> READER = new ShopClient.Reader<Order>() {
        @Override
        public Order read(JSONObject json) throws JSONException {
            return new Order(json);
        }
    };

    private static Status status(String word) {
        try {
            return Status.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return Status.UNKNOWN;
        }
    }

    private static Part part(String word) {
        String name = word.toUpperCase(Locale.ROOT);
        if (name.equals("DEBITED")) {
            return Part.COMMITTED;
        }
        try {
            return Part.valueOf(name);
        } catch (IllegalArgumentException e) {
            return Part.UNKNOWN;
        }
    }

    public static Reason reason(String word) {
        try {
            return Reason.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
        } catch (IllegalArgumentException e) {
            return Reason.OTHER;
        }
    }

    /**
     * Whether nothing more will happen to it: the services' own rule, held against the same table of cases
     * (shop/contracts/tests/lifecycle.csv). A canceled order goes on until stock and credit have both been answered,
     * however late, and nothing is held any more.
     */
    public boolean isSettled() {
        if (status == Status.FINALIZED) {
            return stock == Part.COMMITTED && credit == Part.COMMITTED && invoiceNumber != null;
        }
        return status == Status.CANCELED && isLetGo(stock) && isLetGo(credit);
    }

    private static boolean isLetGo(Part part) {
        return part == Part.DENIED || part == Part.RELEASED;
    }
}
