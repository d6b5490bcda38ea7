package android.view;

import android.content.Context;
import android.graphics.Canvas;
import android.util.AttributeSet;
import java.util.ArrayList;
import java.util.List;

/** See {@link shop.agora.device.Device}. */
public abstract class ViewGroup extends View {
    private final List<View> children = new ArrayList<>();

    public ViewGroup(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public List<View> children() {
        return children;
    }

    /** One that its layout has already. */
    public void adopt(View child) {
        child.adoptedBy(this);
        children.add(child);
    }

    public void addView(View child) {
        adopt(child);
        box().children.add(child.box());
    }

    public void removeAllViews() {
        children.clear();
        box().children.clear();
    }

    @Override
    public View findViewById(int wanted) {
        View found = super.findViewById(wanted);
        for (int i = 0; found == null && i < children.size(); i++) {
            found = children.get(i).findViewById(wanted);
        }
        return found;
    }

    @Override
    public void showOn(Canvas canvas) {
        super.showOn(canvas);
        for (View child : children) {
            child.showOn(canvas);
        }
    }
}
