package android.graphics;

/** See {@link shop.agora.device.Device}. */
public class Typeface {
    public static final int NORMAL = 0;

    public static Typeface create(String family, int style) {
        return new Typeface();
    }
}
