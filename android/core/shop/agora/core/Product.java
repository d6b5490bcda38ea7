package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/** A product as the shop shows it. */
public final class Product {
    /** How much of it there is to be had, in words a shopper thinks in. */
    public enum Availability { IN_STOCK, FEW, SOLD_OUT }

    private static final int FEW_UNITS = 5;

    public final String id;
    public final String code;
    public final String name;
    public final String description;
    public final String supplier;
    public final String categoryName;
    public final Money price;
    /** ISO 4217; empty where the shop does not say. */
    public final String currency;
    public final int available;

    Product(JSONObject json) throws JSONException {
        id = Json.string(json, "ProductId");
        code = Json.optString(json, "Code");
        name = Json.string(json, "Name");
        description = Json.optString(json, "Description");
        supplier = Json.optString(json, "Supplier");
        categoryName = Json.optString(json, "CategoryName");
        price = Json.money(json, "Price");
        currency = Json.optString(json, "Currency");
        available = json.getInt("Available");
    }

    public Availability availability() {
        if (available <= 0) {
            return Availability.SOLD_OUT;
        }
        return available <= FEW_UNITS ? Availability.FEW : Availability.IN_STOCK;
    }
}
