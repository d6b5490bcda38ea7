package android.net;

/** See {@link shop.agora.device.Device}. */
public class NetworkInfo {
    public boolean isConnected() {
        return true;
    }
}
