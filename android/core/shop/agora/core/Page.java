package shop.agora.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** One page of a list, and the cursor to the next one. */
public final class Page<T> {
    public final List<T> items;
    /** Null on the last page. */
    public final String next;

    Page(List<T> items, String next) {
        this.items = Collections.unmodifiableList(items);
        this.next = next;
    }

    static <T> ShopClient.Reader<Page<T>> reader(final ShopClient.Reader<T> item) {
        return new ShopClient.Reader<Page<T>>() {
            @Override
            public Page<T> read(JSONObject json) throws JSONException {
                JSONArray array = json.getJSONArray("Items");
                List<T> items = new ArrayList<T>(array.length());
                for (int i = 0; i < array.length(); i++) {
                    items.add(item.read(array.getJSONObject(i)));
                }
                String next = Json.optString(json, "Next");
                return new Page<T>(items, next.isEmpty() ? null : next);
            }
        };
    }
}
