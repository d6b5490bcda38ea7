package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.ViewGroup;

/** See {@link shop.agora.device.Device}. */
public class FrameLayout extends ViewGroup {
    public FrameLayout(Context context, AttributeSet attributes) {
        super(context, attributes);
    }
}
