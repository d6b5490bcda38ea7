package shop.agora.app;

import android.content.Intent;
import android.os.Bundle;
import android.view.View;
import android.widget.EditText;
import java.util.EnumMap;
import java.util.Map;
import shop.agora.core.AccountForm;
import shop.agora.core.Failure;
import shop.agora.core.Session;
import shop.agora.core.ShopClient;

/** Logs in, and leads back to where one was. */
public final class LogInActivity extends FormScreen {
    private static final int REGISTER = 1;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        form(R.layout.activity_log_in, R.string.log_in);
        field(AccountForm.Field.USER_NAME, R.id.user_name, R.id.user_name_fault);
        field(AccountForm.Field.PASSWORD, R.id.password, R.id.password_fault);
        action(R.drawable.ic_settings, R.string.settings, new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                open(SettingsActivity.class);
            }
        });
        findViewById(R.id.register).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                startActivityForResult(new Intent(LogInActivity.this, RegisterActivity.class), REGISTER);
            }
        });
        if (saved == null) {
            ((EditText) findViewById(R.id.user_name)).setText(app().lastUserName());
        }
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        if (request == REGISTER && result == RESULT_OK) {
            finish();
        }
    }

    @Override
    void submit() {
        final String name = typed(R.id.user_name).trim();
        final String password = typed(R.id.password);
        Map<AccountForm.Field, AccountForm.Fault> missing =
                new EnumMap<AccountForm.Field, AccountForm.Fault>(AccountForm.Field.class);
        if (name.isEmpty()) {
            missing.put(AccountForm.Field.USER_NAME, AccountForm.Fault.MISSING);
        }
        if (password.isEmpty()) {
            missing.put(AccountForm.Field.PASSWORD, AccountForm.Fault.MISSING);
        }
        if (!showFaults(missing) || app().client() == null) {
            return;
        }
        sending(true);
        app().call(this, new Call<Session>() {
            @Override
            Session ask(ShopClient shop) throws Failure {
                return shop.logIn(name, password);
            }

            @Override
            void done(Session session) {
                finish();
            }

            @Override
            void failed(Failure failure) {
                sending(false);
                if (failure.kind == Failure.Kind.SIGNED_OUT) {
                    note(getString(R.string.wrong_log_in));
                } else {
                    showRefusal(failure);
                }
            }
        });
    }
}
