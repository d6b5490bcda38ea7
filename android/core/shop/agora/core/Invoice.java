package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/** The invoice of a finalized order. */
public final class Invoice {
    public final long number;
    public final String orderId;
    public final String userName;
    public final String fullName;
    public final String productName;
    public final int quantity;
    public final Money unitPrice;
    public final Money total;
    public final String currency;
    public final long issuedAtMs;

    private Invoice(JSONObject json) throws JSONException {
        number = json.getLong("InvoiceNumber");
        orderId = Json.string(json, "OrderId");
        userName = Json.string(json, "UserName");
        fullName = Json.optString(json, "FullName");
        productName = Json.string(json, "ProductName");
        quantity = json.getInt("Quantity");
        unitPrice = Json.money(json, "UnitPrice");
        total = Json.money(json, "Total");
        currency = Json.optString(json, "Currency");
        issuedAtMs = Json.time(json, "IssuedAt");
    }

    static final ShopClient.Reader<Invoice> READER = new ShopClient.Reader<Invoice>() {
        @Override
        public Invoice read(JSONObject json) throws JSONException {
            return new Invoice(json);
        }
    };
}
