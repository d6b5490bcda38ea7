package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.ViewGroup;

/** See {@link shop.agora.device.Device}. */
public class ScrollView extends ViewGroup {
    public ScrollView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }
}
