package android.graphics;

/** See {@link shop.agora.device.Device}. */
public class Path {
    public void rewind() {}

    public void moveTo(float x, float y) {}

    public void lineTo(float x, float y) {}

    public void close() {}
}
