package android.app;

import android.content.Context;
import android.content.DialogInterface;

/** See {@link shop.agora.device.Device}. */
public class AlertDialog implements DialogInterface {
    private final CharSequence[] choices;
    private final OnClickListener listener;
    private final Context context;

    private AlertDialog(Context context, CharSequence[] choices, OnClickListener listener) {
        this.context = context;
        this.choices = choices;
        this.listener = listener;
    }

    public void choose(String words) {
        for (int i = 0; i < choices.length; i++) {
            if (choices[i].toString().equals(words)) {
                listener.onClick(this, i);
                return;
            }
        }
        throw new AssertionError("no choice " + words);
    }

    @Override
    public void dismiss() {
        context.device().dialog(null);
    }

    /** See {@link shop.agora.device.Device}. */
    public static class Builder {
        private final Context context;
        private CharSequence[] choices;
        private OnClickListener listener;

        public Builder(Context context) {
            this.context = context;
        }

        public Builder setTitle(int id) {
            context.getString(id);
            return this;
        }

        public Builder setNegativeButton(int id, OnClickListener ignored) {
            context.getString(id);
            return this;
        }

        public Builder setSingleChoiceItems(CharSequence[] items, int checked, OnClickListener onChoice) {
            choices = items;
            listener = onChoice;
            return this;
        }

        public AlertDialog show() {
            AlertDialog dialog = new AlertDialog(context, choices, listener);
            context.device().dialog(dialog);
            return dialog;
        }
    }
}
