package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.View;
import java.util.ArrayList;
import java.util.List;

/** Shows all rows at once, rebuilt at each change, from recycled ones where there are some. */
public abstract class AbsListView extends AdapterView<ListAdapter> {
    /** See {@link shop.agora.device.Device}. */
    public interface OnScrollListener {
        void onScroll(AbsListView list, int first, int visible, int total);

        void onScrollStateChanged(AbsListView list, int state);
    }

    private static final int ROWS_ON_SCREEN = 6;

    private ListAdapter adapter;
    private OnScrollListener scrollListener;

    public AbsListView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public void setAdapter(ListAdapter newAdapter) {
        adapter = newAdapter;
        ((BaseAdapter) newAdapter).observedBy(this::show);
        show();
    }

    public void setOnScrollListener(OnScrollListener listener) {
        scrollListener = listener;
    }

    private void show() {
        List<View> old = new ArrayList<>(children());
        removeAllViews();
        for (int i = 0; i < adapter.getCount(); i++) {
            addView(adapter.getView(i, i < old.size() ? old.get(i) : null, this));
        }
    }

    public void scrollTo(int first) {
        scrollListener.onScroll(this, first, Math.min(ROWS_ON_SCREEN, adapter.getCount() - first), adapter.getCount());
    }
}
