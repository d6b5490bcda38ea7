package shop.agora.core;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Reading answers: what must be there is asked for, what is unknown is passed over. */
final class Json {
    private Json() {}

    /** The field's text; empty where it is missing or null ({@code org.json} alone would say "null"). */
    static String optString(JSONObject json, String field) {
        return json.isNull(field) ? "" : json.optString(field);
    }

    static String string(JSONObject json, String field) throws JSONException {
        Object value = json.get(field);
        if (!(value instanceof String)) {
            throw new JSONException(field + " is not a text");
        }
        return (String) value;
    }

    static Money money(JSONObject json, String field) throws JSONException {
        try {
            return Money.parse(json.get(field));
        } catch (NumberFormatException e) {
            throw new JSONException(field + " is not an amount");
        }
    }

    static long time(JSONObject json, String field) throws JSONException {
        try {
            return Formats.parseTime(string(json, field));
        } catch (IllegalArgumentException e) {
            throw new JSONException(field + " is not a time");
        }
    }

    static List<String> strings(JSONObject json, String field) {
        List<String> strings = new ArrayList<String>();
        JSONArray array = json.optJSONArray(field);
        for (int i = 0; array != null && i < array.length(); i++) {
            strings.add(array.optString(i));
        }
        return strings;
    }
}
