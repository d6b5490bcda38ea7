package shop.agora.app;

import android.os.Bundle;
import android.view.View;
import android.widget.TextView;
import shop.agora.core.AccountForm;
import shop.agora.core.Failure;
import shop.agora.core.Profile;
import shop.agora.core.ShopClient;

/** Changes name, e-mail or password. */
public final class EditProfileActivity extends FormScreen {
    private static final String LOADED = "loaded";

    private boolean isLoaded;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        form(R.layout.activity_edit_profile, R.string.edit_profile);
        field(AccountForm.Field.FULL_NAME, R.id.full_name, R.id.full_name_fault);
        field(AccountForm.Field.EMAIL, R.id.email, R.id.email_fault);
        field(AccountForm.Field.CURRENT_PASSWORD, R.id.current_password, R.id.current_password_fault);
        field(AccountForm.Field.PASSWORD, R.id.password, R.id.password_fault);
        isLoaded = saved != null && saved.getBoolean(LOADED);
    }

    @Override
    protected void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putBoolean(LOADED, isLoaded);
    }

    /** Loaded once: what was typed since is not overwritten. */
    @Override
    protected void onStart() {
        super.onStart();
        if (!isLoaded) {
            load();
        }
    }

    @Override
    void onNetworkBack() {
        if (!isLoaded) {
            load();
        }
    }

    private void load() {
        findViewById(R.id.content).setVisibility(View.GONE);
        state.showLoading();
        app().call(this, new Call<Profile>() {
            @Override
            Profile ask(ShopClient shop) throws Failure {
                return shop.profile();
            }

            @Override
            void done(Profile profile) {
                isLoaded = true;
                state.hide();
                findViewById(R.id.content).setVisibility(View.VISIBLE);
                ((TextView) findViewById(R.id.full_name)).setText(profile.fullName);
                ((TextView) findViewById(R.id.email)).setText(profile.email);
            }

            @Override
            void failed(Failure failure) {
                showFailure(failure, new Runnable() {
                    @Override
                    public void run() {
                        load();
                    }
                });
            }
        });
    }

    @Override
    void submit() {
        final AccountForm form = new AccountForm();
        form.fullName = typed(R.id.full_name);
        form.email = typed(R.id.email);
        form.currentPassword = typed(R.id.current_password);
        form.password = typed(R.id.password);
        if (!showFaults(form.faultsOfUpdate())) {
            return;
        }
        sending(true);
        app().call(this, new Call<Void>() {
            @Override
            Void ask(ShopClient shop) throws Failure {
                shop.updateProfile(form);
                return null;
            }

            @Override
            void done(Void nothing) {
                finish();
            }

            @Override
            void failed(Failure failure) {
                sending(false);
                showRefusal(failure);
                if (failure.kind == Failure.Kind.SIGNED_OUT) {
                    toLogIn().run();
                }
            }
        });
    }
}
