package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/** A category of products. */
public final class Category {
    public final String id;
    public final String name;
    public final int products;

    Category(String id, String name, int products) {
        this.id = id;
        this.name = name;
        this.products = products;
    }

    static final ShopClient.Reader<Category> READER = new ShopClient.Reader<Category>() {
        @Override
        public Category read(JSONObject json) throws JSONException {
            return new Category(Json.string(json, "CategoryId"), Json.string(json, "Name"), json.optInt("Products"));
        }
    };
}
