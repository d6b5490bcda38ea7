package shop.agora.app;

import android.os.Bundle;
import android.view.View;
import android.widget.ProgressBar;
import android.widget.TextView;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.Profile;
import shop.agora.core.ShopClient;

/** Who I am here, and what I can spend. */
public final class ProfileActivity extends ShopActivity {
    private Profile profile;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_profile);
        header(R.string.profile, false);
        Navigation.bind(this, R.id.nav_profile);
        action(R.drawable.ic_settings, R.string.settings, opener(SettingsActivity.class));
        findViewById(R.id.edit).setOnClickListener(opener(EditProfileActivity.class));
        findViewById(R.id.log_out).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                logOut();
            }
        });
        refreshable(new Runnable() {
            @Override
            public void run() {
                load();
            }
        });
        profile = (Profile) getLastNonConfigurationInstance();
    }

    private View.OnClickListener opener(final Class<? extends android.app.Activity> screen) {
        return new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                open(screen);
            }
        };
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return profile;
    }

    @Override
    protected void onStart() {
        super.onStart();
        load();
    }

    @Override
    void onNetworkBack() {
        load();
    }

    private void load() {
        if (!app().isLoggedIn() || profile != null && !profile.userName.equals(app().lastUserName())) {
            profile = null;
        }
        show();
        if (app().client() == null) {
            showNoShop();
            return;
        }
        app().call(this, new Call<Profile>() {
            @Override
            Profile ask(ShopClient shop) throws Failure {
                return shop.profile();
            }

            @Override
            void done(Profile loaded) {
                profile = loaded;
                showBanner(null);
                show();
                showBusy(false);
            }

            @Override
            void failed(Failure failure) {
                loadFailed(failure);
            }
        });
    }

    private void loadFailed(Failure failure) {
        showBusy(false);
        if (profile != null && failure.kind != Failure.Kind.SIGNED_OUT) {
            showBanner(failure);
            return;
        }
        findViewById(R.id.content).setVisibility(View.GONE);
        showFailure(failure, new Runnable() {
            @Override
            public void run() {
                load();
            }
        });
    }

    private void logOut() {
        showBusy(true);
        expectLogOut();
        app().call(this, new Call<Void>() {
            @Override
            Void ask(ShopClient shop) throws Failure {
                shop.logOut();
                return null;
            }

            @Override
            void done(Void nothing) {
                load();
            }

            /** Here the log-in is over also where the shop could not be told. */
            @Override
            void failed(Failure failure) {
                load();
            }
        });
    }

    private void show() {
        findViewById(R.id.content).setVisibility(profile == null ? View.GONE : View.VISIBLE);
        showBusy(profile != null);
        if (profile == null) {
            state.showLoading();
            return;
        }
        state.hide();
        Formats formats = app().formats();
        String currency = app().client().currency();
        text(R.id.full_name, profile.fullName);
        text(R.id.user_name, profile.userName);
        text(R.id.email, profile.email);
        text(R.id.available, formats.amount(profile.available, currency));
        text(R.id.reserved, formats.amount(profile.reserved, currency));
        text(R.id.credit, formats.amount(profile.credit, currency));
        ((ProgressBar) findViewById(R.id.credit_bar)).setProgress(profile.availablePerMille());
    }

    private void text(int id, String text) {
        ((TextView) findViewById(id)).setText(text);
    }
}
