package android.net;

import shop.agora.device.Device;

/** See {@link Device}. */
public class ConnectivityManager {
    /** Told of networks that come and go. */
    public static class NetworkCallback {
        public void onAvailable(Network network) {}

        public void onLost(Network network) {}
    }

    private final Device device;

    public ConnectivityManager(Device device) {
        this.device = device;
    }

    public NetworkInfo getActiveNetworkInfo() {
        return device.isOnline() ? new NetworkInfo() : null;
    }

    public void registerNetworkCallback(NetworkRequest request, NetworkCallback callback) {
        device.watchNetwork(callback);
    }

    public void unregisterNetworkCallback(NetworkCallback callback) {
        device.unwatchNetwork(callback);
    }
}
