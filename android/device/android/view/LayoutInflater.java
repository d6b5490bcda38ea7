package android.view;

import android.content.Context;
import android.util.AttributeSet;
import shop.agora.device.Attributes;
import shop.agora.preview.Box;

/** Makes views of the app's real layouts. */
public class LayoutInflater {
    private final Context context;

    public LayoutInflater(Context context) {
        this.context = context;
    }

    public static LayoutInflater from(Context context) {
        return new LayoutInflater(context);
    }

    public View inflate(int layout, ViewGroup parent, boolean isAttached) {
        if (isAttached) {
            throw new UnsupportedOperationException();
        }
        return view(context.getResources().layout(layout));
    }

    private View view(Box box) {
        String tag = box.element.getTagName();
        String name = tag.contains(".") ? tag : tag.equals("View") ? "android.view.View" : "android.widget." + tag;
        try {
            View view = (View) Class.forName(name).getConstructor(Context.class, AttributeSet.class)
                    .newInstance(context, new Attributes(box));
            for (Box child : box.children) {
                ((ViewGroup) view).adopt(view(child));
            }
            return view;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(name, e);
        }
    }
}
