package android.app;

import android.content.Context;

/** See {@link shop.agora.device.Device}. */
public class Application extends Context {
    public void onCreate() {}
}
