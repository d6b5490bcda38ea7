package android.content;

import java.util.HashMap;
import java.util.Map;

/** See {@link shop.agora.device.Device}. */
public class Intent {
    public static final int FLAG_ACTIVITY_REORDER_TO_FRONT = 0x00020000;

    private final Class<?> target;
    private final Map<String, String> extras = new HashMap<>();
    private int flags;

    public Intent() {
        target = null;
    }

    public Intent(Context context, Class<?> target) {
        this.target = target;
    }

    public Class<?> target() {
        return target;
    }

    public boolean reorders() {
        return (flags & FLAG_ACTIVITY_REORDER_TO_FRONT) != 0;
    }

    public Intent addFlags(int more) {
        flags |= more;
        return this;
    }

    public Intent putExtra(String name, String value) {
        extras.put(name, value);
        return this;
    }

    public String getStringExtra(String name) {
        return extras.get(name);
    }
}
