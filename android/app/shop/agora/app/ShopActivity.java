package shop.agora.app;

import android.app.Activity;
import android.content.Intent;
import android.content.res.Configuration;
import android.graphics.Color;
import android.os.Build;
import android.os.Bundle;
import android.view.View;
import android.widget.ImageButton;
import android.widget.TextView;
import shop.agora.core.Failure;

/** What every screen has: a header, the shop behind it, and the way to the log-in and back. */
abstract class ShopActivity extends Activity {
    /** {@code SYSTEM_UI_FLAG_LIGHT_NAVIGATION_BAR}, known from Android 8 on. */
    private static final int LIGHT_NAVIGATION_BAR = 0x10;
    private static final int ANDROID_8 = 26;

    private Network network;
    private boolean wasLoggedIn;
    StateView state;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        if (Build.VERSION.SDK_INT >= ANDROID_8) {
            paintNavigationBar();
        }
        network = new Network(this, new Runnable() {
            @Override
            public void run() {
                onNetworkBack();
            }
        });
    }

    private void paintNavigationBar() {
        int night = getResources().getConfiguration().uiMode & Configuration.UI_MODE_NIGHT_MASK;
        View decor = getWindow().getDecorView();
        if (night != Configuration.UI_MODE_NIGHT_YES) {
            decor.setSystemUiVisibility(decor.getSystemUiVisibility() | LIGHT_NAVIGATION_BAR);
        }
        getWindow().setNavigationBarColor(getColor(R.color.surface));
    }

    @Override
    protected void onStart() {
        super.onStart();
        wasLoggedIn = app().isLoggedIn();
        network.watch();
    }

    @Override
    protected void onStop() {
        network.unwatch();
        super.onStop();
    }

    App app() {
        return App.of(this);
    }

    boolean isOnline() {
        return network.isThere();
    }

    /** A network has come (back): screens that failed try again. */
    void onNetworkBack() {}

    /** The shown layout's header. Top-level screens have no way back. */
    void header(int title, boolean hasBack) {
        ((TextView) findViewById(R.id.title)).setText(title);
        View back = findViewById(R.id.back);
        back.setVisibility(hasBack ? View.VISIBLE : View.GONE);
        back.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                finish();
            }
        });
        if (findViewById(R.id.state) != null) {
            state = new StateView(this);
        }
    }

    void action(int icon, int label, View.OnClickListener listener) {
        ImageButton button = (ImageButton) findViewById(R.id.action);
        button.setImageResource(icon);
        button.setContentDescription(getString(label));
        button.setOnClickListener(listener);
        button.setVisibility(View.VISIBLE);
    }

    void refreshable(final Runnable refresh) {
        View button = findViewById(R.id.refresh);
        button.setVisibility(View.VISIBLE);
        button.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                refresh.run();
            }
        });
    }

    void showBusy(boolean isBusy) {
        findViewById(R.id.busy).setVisibility(isBusy ? View.VISIBLE : View.GONE);
    }

    /** The strip below the header: what is shown is old, and why. Null takes it away. */
    void showBanner(Failure why) {
        TextView banner = (TextView) findViewById(R.id.banner);
        banner.setVisibility(why == null ? View.GONE : View.VISIBLE);
        if (why != null) {
            banner.setText(getString(R.string.not_up_to_date, Texts.sentence(this, why)));
        }
    }

    /**
     * Nothing can be shown, only why, and a way out of it: log in, or try again. A log-in that ended while this
     * screen was open leads to the log-in by itself, and from there back here.
     */
    void showFailure(Failure failure, Runnable retry) {
        boolean isSignedOut = failure.kind == Failure.Kind.SIGNED_OUT;
        if (isSignedOut && wasLoggedIn) {
            expectLogOut();
            toLogIn().run();
        }
        boolean isOffline = !isOnline() && !isSignedOut;
        state.show(isOffline ? R.drawable.ic_offline : isSignedOut ? R.drawable.ic_profile : R.drawable.ic_trouble,
                Texts.title(this, failure), Texts.text(this, failure),
                getString(isSignedOut ? R.string.log_in : R.string.try_again), isSignedOut ? toLogIn() : retry);
    }

    /** The user wants to be logged out. */
    void expectLogOut() {
        wasLoggedIn = false;
    }

    /** Before the first address was entered. */
    void showNoShop() {
        state.show(R.drawable.ic_shop, getString(R.string.no_shop_title), getString(R.string.no_shop_text),
                getString(R.string.settings), new Runnable() {
                    @Override
                    public void run() {
                        open(SettingsActivity.class);
                    }
                });
    }

    Runnable toLogIn() {
        return new Runnable() {
            @Override
            public void run() {
                startActivity(new Intent(ShopActivity.this, LogInActivity.class));
            }
        };
    }

    void open(Class<? extends Activity> screen) {
        startActivity(new Intent(this, screen));
    }
}
