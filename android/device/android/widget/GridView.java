package android.widget;

import android.content.Context;
import android.util.AttributeSet;

/** See {@link shop.agora.device.Device}. */
public class GridView extends AbsListView {
    public GridView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    @Override
    public void setAdapter(ListAdapter newAdapter) {
        super.setAdapter(newAdapter);
    }
}
