package android.os;

import java.util.HashMap;
import java.util.Map;

/** See {@link shop.agora.device.Device}. */
public class Bundle {
    public static final Bundle EMPTY = new Bundle();

    private final Map<String, Object> values = new HashMap<>();

    public void putString(String name, String value) {
        values.put(name, value);
    }

    public String getString(String name) {
        return (String) values.get(name);
    }

    public String getString(String name, String otherwise) {
        return values.get(name) == null ? otherwise : getString(name);
    }

    public void putBoolean(String name, boolean value) {
        values.put(name, value);
    }

    public boolean getBoolean(String name) {
        return Boolean.TRUE.equals(values.get(name));
    }

    /** For the state of views. */
    public Map<String, Object> values() {
        return values;
    }
}
