package shop.agora.core;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** What the shop said about a refused request (RFC 9457), with its words about single fields. */
public final class Problem {
    /** What kind it is, such as {@code /problems/conflict}; empty where it was not said. */
    public final String type;
    public final String title;
    public final String detail;
    /** Field name as in the request, to the words about it. */
    public final Map<String, String> fields;

    private Problem(String type, String title, String detail, Map<String, String> fields) {
        this.type = type;
        this.title = title;
        this.detail = detail;
        this.fields = Collections.unmodifiableMap(fields);
    }

    /** Never fails: a proxy's HTML page in place of a problem is a problem without words. */
    static Problem parse(String body) {
        Map<String, String> fields = new LinkedHashMap<String, String>();
        try {
            JSONObject json = new JSONObject(body);
            JSONArray errors = json.optJSONArray("errors");
            for (int i = 0; errors != null && i < errors.length(); i++) {
                JSONObject error = errors.optJSONObject(i);
                if (error != null && !error.optString("field").isEmpty()) {
                    fields.put(error.optString("field"), error.optString("detail"));
                }
            }
            return new Problem(Json.optString(json, "type"), Json.optString(json, "title"), Json.optString(json, "detail"), fields);
        } catch (JSONException e) {
            return new Problem("", "", "", fields);
        }
    }

    /** The best words there are, or nothing. */
    public String words() {
        return detail.isEmpty() ? title : detail;
    }
}
