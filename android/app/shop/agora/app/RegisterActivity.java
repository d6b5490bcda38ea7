package shop.agora.app;

import android.os.Bundle;
import shop.agora.core.AccountForm;
import shop.agora.core.Failure;
import shop.agora.core.Session;
import shop.agora.core.ShopClient;

/** Makes an account, and logs in with it. */
public final class RegisterActivity extends FormScreen {
    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        form(R.layout.activity_register, R.string.register);
        field(AccountForm.Field.USER_NAME, R.id.user_name, R.id.user_name_fault);
        field(AccountForm.Field.PASSWORD, R.id.password, R.id.password_fault);
        field(AccountForm.Field.FULL_NAME, R.id.full_name, R.id.full_name_fault);
        field(AccountForm.Field.EMAIL, R.id.email, R.id.email_fault);
    }

    @Override
    void submit() {
        final AccountForm form = new AccountForm();
        form.userName = typed(R.id.user_name).trim();
        form.password = typed(R.id.password);
        form.fullName = typed(R.id.full_name);
        form.email = typed(R.id.email);
        if (!showFaults(form.faultsOfRegistration()) || app().client() == null) {
            return;
        }
        sending(true);
        app().call(this, new Call<Session>() {
            @Override
            Session ask(ShopClient shop) throws Failure {
                shop.register(form);
                return shop.logIn(form.userName, form.password);
            }

            @Override
            void done(Session session) {
                setResult(RESULT_OK);
                finish();
            }

            @Override
            void failed(Failure failure) {
                sending(false);
                showRefusal(failure);
            }
        });
    }
}
