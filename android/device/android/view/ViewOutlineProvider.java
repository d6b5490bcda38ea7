package android.view;

import android.graphics.Outline;

/** See {@link shop.agora.device.Device}. */
public abstract class ViewOutlineProvider {
    public abstract void getOutline(View view, Outline outline);
}
