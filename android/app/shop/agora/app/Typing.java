package shop.agora.app;

import android.os.Handler;
import android.text.Editable;
import android.text.TextWatcher;
import android.view.KeyEvent;
import android.view.inputmethod.EditorInfo;
import android.widget.EditText;
import android.widget.TextView;

/** What to do when something was typed: after a pause for a search, at once for what only changes the screen. */
abstract class Typing implements TextWatcher, TextView.OnEditorActionListener, Runnable {
    private static final int PAUSE_MS = 350;

    private final Handler later = new Handler();
    private final EditText field;
    private final int delayMs;

    private Typing(EditText field, int delayMs) {
        this.field = field;
        this.delayMs = delayMs;
        field.addTextChangedListener(this);
    }

    abstract void typed(String text);

    /** After a pause, or with the keyboard's search key. */
    abstract static class Search extends Typing {
        Search(EditText field) {
            super(field, PAUSE_MS);
            field.setOnEditorActionListener(this);
        }
    }

    /** At every letter. */
    abstract static class Instant extends Typing {
        Instant(EditText field) {
            super(field, 0);
        }
    }

    @Override
    public void run() {
        typed(field.getText().toString());
    }

    @Override
    public void afterTextChanged(Editable text) {
        later.removeCallbacks(this);
        if (delayMs == 0) {
            run();
        } else {
            later.postDelayed(this, delayMs);
        }
    }

    @Override
    public boolean onEditorAction(TextView view, int action, KeyEvent event) {
        if (action != EditorInfo.IME_ACTION_SEARCH) {
            return false;
        }
        later.removeCallbacks(this);
        run();
        // The keyboard closes by itself.
        return false;
    }

    @Override
    public void beforeTextChanged(CharSequence text, int start, int count, int after) {}

    @Override
    public void onTextChanged(CharSequence text, int start, int before, int count) {}
}
