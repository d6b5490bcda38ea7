package android.view;

import android.content.Context;
import android.content.res.Resources;
import android.graphics.Canvas;
import android.graphics.Outline;
import android.util.AttributeSet;
import shop.agora.device.Attributes;
import shop.agora.preview.Box;

/** A view over what its layout says; what is set goes there too, so that it can be drawn. */
public class View {
    public static final int VISIBLE = 0;
    public static final int GONE = 8;
    public static final int NO_ID = -1;

    /** A tap. */
    public interface OnClickListener {
        void onClick(View view);
    }

    /** See {@link shop.agora.device.Device}. */
    public static class MeasureSpec {
        public static final int EXACTLY = 1 << 30;

        public static int getMode(int spec) {
            return spec & 3 << 30;
        }

        public static int getSize(int spec) {
            return spec & ~(3 << 30);
        }

        public static int makeMeasureSpec(int size, int mode) {
            return size | mode;
        }
    }

    private final Context context;
    private final Box box;
    private final int id;
    private ViewGroup parent;
    private boolean isEnabled = true;
    private boolean isSelected;
    private CharSequence description;
    private OnClickListener clickListener;
    private ViewOutlineProvider outline;

    public View(Context context, AttributeSet attributes) {
        this.context = context;
        this.box = ((Attributes) attributes).box;
        String reference = box.element.getAttributeNS(shop.agora.preview.Resources.ANDROID, "id");
        id = reference.isEmpty() ? NO_ID : Resources.id(reference);
    }

    public Box box() {
        return box;
    }

    public void adoptedBy(ViewGroup group) {
        parent = group;
    }

    public Context getContext() {
        return context;
    }

    public Resources getResources() {
        return context.getResources();
    }

    public int getId() {
        return id;
    }

    public View findViewById(int wanted) {
        return id == wanted ? this : null;
    }

    public void setVisibility(int visibility) {
        box.set("visibility", visibility == GONE ? "gone" : "visible");
    }

    public int getVisibility() {
        return box.isGone() ? GONE : VISIBLE;
    }

    /** Itself and all around it. */
    public boolean isShown() {
        return !box.isGone() && (parent == null || parent.isShown());
    }

    public void setEnabled(boolean enabled) {
        isEnabled = enabled;
        box.state = enabled ? "idle" : "disabled";
    }

    public boolean isEnabled() {
        return isEnabled;
    }

    public void setSelected(boolean selected) {
        isSelected = selected;
        box.setState(selected ? "selected" : "idle");
    }

    public boolean isSelected() {
        return isSelected;
    }

    public boolean isSaveEnabled() {
        return !box.get("saveEnabled", "true").equals("false");
    }

    public void setContentDescription(CharSequence words) {
        description = words;
    }

    public CharSequence getContentDescription() {
        return description;
    }

    public void setBackgroundResource(int drawable) {
        box.set("background", Resources.reference("drawable", drawable));
    }

    public void setOnClickListener(OnClickListener listener) {
        clickListener = listener;
    }

    public boolean performClick() {
        if (clickListener == null) {
            return false;
        }
        clickListener.onClick(this);
        return true;
    }

    public final boolean requestFocus() {
        context.device().focused(this);
        return true;
    }

    public int getSystemUiVisibility() {
        return 0;
    }

    public void setSystemUiVisibility(int flags) {}

    public void setClipToOutline(boolean isClipped) {}

    public void setOutlineProvider(ViewOutlineProvider provider) {
        outline = provider;
    }

    public void invalidate() {}

    public final int getWidth() {
        return 100;
    }

    public final int getHeight() {
        return 80;
    }

    protected void onDraw(Canvas canvas) {}

    protected void onMeasure(int width, int height) {}

    /** As a device does before a view is seen. */
    public void showOn(Canvas canvas) {
        int spec = MeasureSpec.makeMeasureSpec(5000, MeasureSpec.EXACTLY);
        onMeasure(spec, spec);
        if (outline != null) {
            outline.getOutline(this, new Outline());
        }
        onDraw(canvas);
    }
}
