package shop.agora.app;

import android.content.Context;
import android.net.ConnectivityManager;
import android.net.NetworkInfo;
import android.net.NetworkRequest;

/** Whether there is a network, and word when one comes: any will do, the shop may stand in the same room. */
final class Network extends ConnectivityManager.NetworkCallback {
    private final Context context;
    private final ConnectivityManager manager;
    private final Runnable onBack;
    private boolean wasAway;

    /** @param onBack run on the main thread */
    Network(Context context, Runnable onBack) {
        this.context = context;
        this.manager = (ConnectivityManager) context.getSystemService(Context.CONNECTIVITY_SERVICE);
        this.onBack = onBack;
    }

    boolean isThere() {
        NetworkInfo active = manager.getActiveNetworkInfo();
        return active != null && active.isConnected();
    }

    void watch() {
        wasAway = !isThere();
        manager.registerNetworkCallback(new NetworkRequest.Builder().build(), this);
    }

    void unwatch() {
        manager.unregisterNetworkCallback(this);
    }

    @Override
    public void onAvailable(android.net.Network network) {
        App.of(context).onMain(new Runnable() {
            @Override
            public void run() {
                if (wasAway) {
                    wasAway = false;
                    onBack.run();
                }
            }
        });
    }

    @Override
    public void onLost(android.net.Network network) {
        App.of(context).onMain(new Runnable() {
            @Override
            public void run() {
                wasAway = !isThere();
            }
        });
    }
}
