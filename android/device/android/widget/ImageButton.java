package android.widget;

import android.content.Context;
import android.util.AttributeSet;

/** See {@link shop.agora.device.Device}. */
public class ImageButton extends ImageView {
    public ImageButton(Context context, AttributeSet attributes) {
        super(context, attributes);
    }
}
