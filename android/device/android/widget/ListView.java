package android.widget;

import android.content.Context;
import android.util.AttributeSet;

/** See {@link shop.agora.device.Device}. */
public class ListView extends AbsListView {
    public ListView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    @Override
    public void setAdapter(ListAdapter newAdapter) {
        super.setAdapter(newAdapter);
    }
}
