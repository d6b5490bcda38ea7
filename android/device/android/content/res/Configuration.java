package android.content.res;

/** See {@link shop.agora.device.Device}. */
public class Configuration {
    public static final int UI_MODE_NIGHT_NO = 0x10;
    public static final int UI_MODE_NIGHT_YES = 0x20;

    public int uiMode;
}
