package android.widget;

import android.content.Context;
import android.text.Editable;
import android.text.TextWatcher;
import android.util.AttributeSet;
import android.view.KeyEvent;
import android.view.View;
import java.util.ArrayList;
import java.util.List;

/** See {@link shop.agora.device.Device}. */
public class TextView extends View {
    /** The keyboard's own key. */
    public interface OnEditorActionListener {
        boolean onEditorAction(TextView view, int action, KeyEvent event);
    }

    private static final class Text implements Editable {
        private final String text;

        Text(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private final List<TextWatcher> watchers = new ArrayList<>();
    private OnEditorActionListener actionListener;

    public TextView(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    public CharSequence getText() {
        return editable();
    }

    Editable editable() {
        return new Text(box().resources.text(box().get("text", "")));
    }

    public final void setText(CharSequence text) {
        box().set("text", text == null ? "" : text.toString());
        for (TextWatcher watcher : new ArrayList<>(watchers)) {
            watcher.afterTextChanged(editable());
        }
    }

    public final void setText(int id) {
        setText(getResources().getString(id));
    }

    public void setTextColor(int argb) {
        box().set("textColor", String.format("#%08X", argb));
    }

    public void addTextChangedListener(TextWatcher watcher) {
        watchers.add(watcher);
    }

    public void setOnEditorActionListener(OnEditorActionListener listener) {
        actionListener = listener;
    }

    public void press(int action) {
        actionListener.onEditorAction(this, action, null);
    }
}
