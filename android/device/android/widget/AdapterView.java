package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.View;
import android.view.ViewGroup;

/** See {@link shop.agora.device.Device}. */
public abstract class AdapterView<T extends Adapter> extends ViewGroup {
    /** A tap on a row. */
    public interface OnItemClickListener {
        void onItemClick(AdapterView<?> parent, View row, int index, long id);
    }

    private OnItemClickListener itemListener;

    public AdapterView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public void setOnItemClickListener(OnItemClickListener listener) {
        itemListener = listener;
    }

    public void tap(int index) {
        itemListener.onItemClick(this, children().get(index), index, index);
    }
}
