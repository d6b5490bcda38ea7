package android.graphics;

/** See {@link shop.agora.device.Device}. */
public class Outline {
    public void setRoundRect(int left, int top, int right, int bottom, float radius) {}
}
