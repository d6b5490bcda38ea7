package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.View;

/** See {@link shop.agora.device.Device}. */
public class ProgressBar extends View {
    public ProgressBar(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public void setProgress(int progress) {
        box().progress = progress;
    }
}
