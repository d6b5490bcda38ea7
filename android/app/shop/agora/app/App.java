package shop.agora.app;

import android.app.Application;
import android.content.Context;
import android.os.Handler;
import android.os.Looper;
import java.io.IOException;
import java.util.Locale;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.OrderForm;
import shop.agora.core.Session;
import shop.agora.core.ShopAddress;
import shop.agora.core.ShopClient;
import shop.agora.core.Store;

/** What all screens share: the client of the shop, what is remembered, and threads other than the main one. */
public final class App extends Application {
    static final OrderForm.Keys KEYS = new OrderForm.Keys() {
        @Override
        public String next() {
            return UUID.randomUUID().toString();
        }
    };

    private final ExecutorService background = Executors.newCachedThreadPool();
    private final Handler main = new Handler(Looper.getMainLooper());
    private Store store;
    private volatile ShopClient client;

    static App of(Context context) {
        return (App) context.getApplicationContext();
    }

    @Override
    public void onCreate() {
        super.onCreate();
        store = new Store(getNoBackupFilesDir());
        ShopAddress address = store.address();
        client = address == null ? null : new ShopClient(address, store.session());
    }

    /** Null until an address was entered. */
    ShopClient client() {
        return client;
    }

    boolean isLoggedIn() {
        return client != null && client.session() != null;
    }

    String lastUserName() {
        return store.lastUserName();
    }

    /** Not on the main thread: it writes. */
    void useShop(ShopAddress address) throws IOException {
        store.setAddress(address);
        client = new ShopClient(address, store.session());
    }

    /** In the device's language and time zone as they are now: both can change while the app runs. */
    Formats formats() {
        return new Formats(Locale.getDefault(), TimeZone.getDefault());
    }

    void inBackground(Runnable work) {
        background.execute(work);
    }

    void onMain(Runnable work) {
        main.post(work);
    }

    /** Makes the call elsewhere and tells the screen, unless it is gone by then. */
    <T> void call(final ShopActivity screen, final Call<T> call) {
        final ShopClient used = client;
        background.execute(new Runnable() {
            @Override
            public void run() {
                try {
                    T answer = call.ask(used);
                    remember(used);
                    tell(screen, call, answer, null);
                } catch (Failure failure) {
                    remember(used);
                    tell(screen, call, null, failure);
                }
            }
        });
    }

    private <T> void tell(final ShopActivity screen, final Call<T> call, final T answer, final Failure failure) {
        main.post(new Runnable() {
            @Override
            public void run() {
                if (screen.isDestroyed()) {
                    return;
                }
                if (failure == null) {
                    call.done(answer);
                } else {
                    call.failed(failure);
                }
            }
        });
    }

    /** A call may have logged in or out, or met a token that no longer counts: what is stored follows. */
    void remember(ShopClient used) {
        if (used == null) {
            return;
        }
        synchronized (store) {
            Session now = used.session();
            Session stored = store.session();
            boolean isStored = now == null ? stored == null : stored != null && now.token.equals(stored.token);
            if (used != client || isStored) {
                return;
            }
            try {
                store.setSession(now);
            } catch (IOException e) {
                // Nothing is lost but that the next start asks to log in again.
                return;
            }
        }
    }
}
