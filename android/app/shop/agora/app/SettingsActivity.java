package shop.agora.app;

import android.content.pm.PackageManager;
import android.os.Bundle;
import android.view.View;
import android.widget.EditText;
import android.widget.TextView;
import java.io.IOException;
import shop.agora.core.Failure;
import shop.agora.core.ShopAddress;
import shop.agora.core.ShopClient;

/** The address of the shop: checked, then kept. The first screen after the installation. */
public final class SettingsActivity extends FormScreen {
    private EditText address;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        form(R.layout.activity_settings, R.string.settings);
        address = (EditText) findViewById(R.id.address);
        submitsAtEnd(address);
        new Typing.Instant(address) {
            @Override
            void typed(String text) {
                warnIfPlain();
                fault("");
            }
        };
        if (saved == null && app().client() != null) {
            address.setText(app().client().address.toString());
        }
        showVersion();
        warnIfPlain();
    }

    @Override
    protected void onRestoreInstanceState(Bundle saved) {
        super.onRestoreInstanceState(saved);
        warnIfPlain();
    }

    private void showVersion() {
        try {
            String name = getPackageManager().getPackageInfo(getPackageName(), 0).versionName;
            ((TextView) findViewById(R.id.version)).setText(getString(R.string.version, name));
        } catch (PackageManager.NameNotFoundException e) {
            throw new IllegalStateException("this app is installed", e);
        }
    }

    private void warnIfPlain() {
        boolean isPlain;
        try {
            isPlain = ShopAddress.parse(typed(R.id.address)).isPlain();
        } catch (ShopAddress.Invalid e) {
            isPlain = false;
        }
        findViewById(R.id.plain_warning).setVisibility(isPlain ? View.VISIBLE : View.GONE);
    }

    private void fault(String text) {
        TextView fault = (TextView) findViewById(R.id.address_fault);
        fault.setText(text);
        fault.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
    }

    @Override
    void submit() {
        final ShopAddress entered;
        try {
            entered = ShopAddress.parse(typed(R.id.address));
        } catch (ShopAddress.Invalid e) {
            fault(Texts.fault(this, e.fault));
            address.requestFocus();
            return;
        }
        sending(true);
        app().call(this, new Call<Boolean>() {
            @Override
            Boolean ask(ShopClient shop) throws Failure {
                new ShopClient(entered, null).check();
                try {
                    app().useShop(entered);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            }

            @Override
            void done(Boolean isKept) {
                sending(false);
                if (isKept) {
                    finish();
                } else {
                    note(getString(R.string.cannot_keep));
                }
            }

            @Override
            void failed(Failure failure) {
                sending(false);
                note(Texts.title(SettingsActivity.this, failure) + ". " + Texts.text(SettingsActivity.this, failure));
            }
        });
    }
}
