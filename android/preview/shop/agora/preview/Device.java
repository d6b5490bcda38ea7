package shop.agora.preview;

/** A kind of device. */
final class Device {
    final int widthDp;
    final int heightDp;
    final boolean isNight;
    /** Pixels for each dp. */
    final float scale;
    /** The user's text size. */
    final float fontScale;

    Device(int widthDp, int heightDp, boolean isNight, float scale, float fontScale) {
        this.widthDp = widthDp;
        this.heightDp = heightDp;
        this.isNight = isNight;
        this.scale = scale;
        this.fontScale = fontScale;
    }

    static Device phone(boolean isNight) {
        return new Device(360, 720, isNight, 1.25f, 1);
    }

    Device withLargeText() {
        return new Device(widthDp, heightDp, isNight, scale, 1.5f);
    }

    Device turned() {
        return new Device(heightDp, widthDp, isNight, scale, fontScale);
    }
}
