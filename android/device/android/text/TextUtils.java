package android.text;

/** See {@link shop.agora.device.Device}. */
public class TextUtils {
    public static String join(CharSequence delimiter, Iterable<?> parts) {
        StringBuilder joined = new StringBuilder();
        for (Object part : parts) {
            joined.append(joined.length() == 0 ? "" : delimiter).append(part);
        }
        return joined.toString();
    }
}
