package android.widget;

import android.content.Context;
import android.content.res.Resources;
import android.util.AttributeSet;
import android.view.View;

/** See {@link shop.agora.device.Device}. */
public class ImageView extends View {
    public ImageView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public void setImageResource(int drawable) {
        box().set("src", Resources.reference("drawable", drawable));
    }

    public final void setColorFilter(int argb) {
        box().set("tint", String.format("#%08X", argb));
    }
}
