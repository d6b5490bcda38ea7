package shop.agora.app;

import android.content.pm.ActivityInfo;
import android.os.Bundle;
import android.view.KeyEvent;
import android.view.View;
import android.view.inputmethod.EditorInfo;
import android.widget.EditText;
import android.widget.TextView;
import java.util.EnumMap;
import java.util.Map;
import shop.agora.core.AccountForm;
import shop.agora.core.Failure;

/**
 * A screen to type something in and send it. What was typed outlives rotation and the end of the process, but for
 * passwords: those are handed over a rotation in memory and kept nowhere.
 */
abstract class FormScreen extends ShopActivity {
    private final Map<AccountForm.Field, Integer> fields =
            new EnumMap<AccountForm.Field, Integer>(AccountForm.Field.class);
    private final Map<AccountForm.Field, Integer> faults =
            new EnumMap<AccountForm.Field, Integer>(AccountForm.Field.class);

    /** Checks what was typed, and sends it. */
    abstract void submit();

    void form(int layout, int title) {
        setContentView(layout);
        header(title, true);
        findViewById(R.id.submit).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                submit();
            }
        });
    }

    /** @param faultId the line below the field that says what is wrong with it */
    void field(AccountForm.Field field, int id, int faultId) {
        fields.put(field, id);
        faults.put(field, faultId);
        submitsAtEnd((EditText) findViewById(id));
        String handedOver = passwords().getString(field.word);
        if (handedOver != null) {
            ((EditText) findViewById(id)).setText(handedOver);
        }
    }

    void submitsAtEnd(EditText last) {
        last.setOnEditorActionListener(new TextView.OnEditorActionListener() {
            @Override
            public boolean onEditorAction(TextView view, int action, KeyEvent event) {
                if (action == EditorInfo.IME_ACTION_GO) {
                    submit();
                }
                return false;
            }
        });
    }

    private Bundle passwords() {
        Bundle held = (Bundle) getLastNonConfigurationInstance();
        return held == null ? Bundle.EMPTY : held;
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        Bundle passwords = new Bundle();
        for (Map.Entry<AccountForm.Field, Integer> field : fields.entrySet()) {
            if (!findViewById(field.getValue()).isSaveEnabled()) {
                passwords.putString(field.getKey().word, typed(field.getValue()));
            }
        }
        return passwords;
    }

    String typed(int id) {
        return ((TextView) findViewById(id)).getText().toString();
    }

    /** @return whether there were none */
    boolean showFaults(Map<AccountForm.Field, AccountForm.Fault> found) {
        clear();
        for (Map.Entry<AccountForm.Field, AccountForm.Fault> fault : found.entrySet()) {
            show(fault.getKey(), Texts.fault(this, fault.getValue()));
        }
        focusFirst();
        return found.isEmpty();
    }

    /** The shop's words, each at its field; what belongs to no field here in the note above the button. */
    void showRefusal(Failure failure) {
        clear();
        boolean isPlaced = false;
        if (failure.problem != null) {
            for (AccountForm.Field field : faults.keySet()) {
                String words = failure.problem.fields.get(field.word);
                if (words != null) {
                    show(field, words);
                    isPlaced = true;
                }
            }
        }
        if (isPlaced) {
            focusFirst();
        } else {
            note(Texts.sentence(this, failure));
        }
    }

    void note(String text) {
        TextView note = (TextView) findViewById(R.id.note);
        note.setText(text);
        note.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
    }

    /** While it is being sent nothing turns or is sent twice, so that the answer finds this screen. */
    void sending(boolean isSending) {
        setRequestedOrientation(isSending ? ActivityInfo.SCREEN_ORIENTATION_LOCKED
                : ActivityInfo.SCREEN_ORIENTATION_UNSPECIFIED);
        findViewById(R.id.submit).setEnabled(!isSending);
        showBusy(isSending);
        if (isSending) {
            clear();
        }
    }

    private void clear() {
        note("");
        for (int id : faults.values()) {
            findViewById(id).setVisibility(View.GONE);
        }
    }

    private void show(AccountForm.Field field, String words) {
        TextView fault = (TextView) findViewById(faults.get(field));
        fault.setText(words);
        fault.setVisibility(View.VISIBLE);
    }

    private void focusFirst() {
        for (AccountForm.Field field : faults.keySet()) {
            if (findViewById(faults.get(field)).getVisibility() == View.VISIBLE) {
                findViewById(fields.get(field)).requestFocus();
                return;
            }
        }
    }
}
