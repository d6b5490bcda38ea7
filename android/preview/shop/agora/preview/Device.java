package shop.agora.preview;

/** A kind of device. */
public final class Device {
    public final int widthDp;
    public final int heightDp;
    public final boolean isNight;
    /** Pixels for each dp. */
    public final float scale;
    /** The user's text size. */
    public final float fontScale;

    public Device(int widthDp, int heightDp, boolean isNight, float scale, float fontScale) {
        this.widthDp = widthDp;
        this.heightDp = heightDp;
        this.isNight = isNight;
        this.scale = scale;
        this.fontScale = fontScale;
    }

    public static Device phone(boolean isNight) {
        return new Device(360, 720, isNight, 1.25f, 1);
    }

    public Device withLargeText() {
        return new Device(widthDp, heightDp, isNight, scale, 1.5f);
    }

    public Device turned() {
        return new Device(heightDp, widthDp, isNight, scale, fontScale);
    }
}
