package android.util;

/** See {@link shop.agora.device.Device}. */
public class DisplayMetrics {
    public float density;
}
