package android.widget;

import android.view.View;
import android.view.ViewGroup;

/** See {@link shop.agora.device.Device}. */
public interface Adapter {
    int getCount();

    Object getItem(int index);

    long getItemId(int index);

    View getView(int index, View recycled, ViewGroup parent);
}
