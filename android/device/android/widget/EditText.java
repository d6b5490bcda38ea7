package android.widget;

import android.content.Context;
import android.text.Editable;
import android.util.AttributeSet;

/** See {@link shop.agora.device.Device}. */
public class EditText extends TextView {
    public EditText(Context context, AttributeSet attributes) {
        super(context, attributes);
    }

    @Override
    public Editable getText() {
        return editable();
    }
}
