package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.ViewGroup;

/** See {@link shop.agora.device.Device}. */
public class LinearLayout extends ViewGroup {
    public static final int VERTICAL = 1;

    public LinearLayout(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public void setOrientation(int orientation) {}
}
