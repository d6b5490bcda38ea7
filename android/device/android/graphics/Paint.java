package android.graphics;

/** See {@link shop.agora.device.Device}. */
public class Paint {
    public static final int ANTI_ALIAS_FLAG = 1;

    /** Where a text begins. */
    public enum Align { LEFT, CENTER, RIGHT }

    private float size;

    public Paint(int flags) {}

    public void setColor(int argb) {}

    public void setTextAlign(Align align) {}

    public Typeface setTypeface(Typeface typeface) {
        return typeface;
    }

    public void setTextSize(float pixels) {
        size = pixels;
    }

    public float ascent() {
        return -size * 0.93f;
    }

    public float descent() {
        return size * 0.24f;
    }
}
