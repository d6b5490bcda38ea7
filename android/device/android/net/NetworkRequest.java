package android.net;

/** See {@link shop.agora.device.Device}. */
public class NetworkRequest {
    /** Any network. */
    public static class Builder {
        public NetworkRequest build() {
            return new NetworkRequest();
        }
    }
}
