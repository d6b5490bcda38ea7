package shop.agora.device;

import android.app.Activity;
import android.app.AlertDialog;
import android.app.Application;
import android.content.Intent;
import android.content.res.Resources;
import android.graphics.Canvas;
import android.net.ConnectivityManager;
import android.net.Network;
import android.os.Bundle;
import android.os.Looper;
import android.view.View;
import android.widget.AbsListView;
import android.widget.EditText;
import android.widget.TextView;
import java.io.File;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * A device of cardboard: as much of Android as the app touches, so that the app's own screens, as they are in the
 * APK, run on the JVM with their real layouts and words. The test's thread is the main thread.
 *
 * <p>It leads activities through the life that Android documents: create, start, restore, stop, save, destroy; turning
 * hands over the retained object, the end of the process does not. It does not lay out, draw, animate or judge performance.
 */
public final class Device {
    /** One screen of the stack; without an activity while it is only remembered. */
    private static final class Screen {
        final Intent intent;
        final Screen caller;
        final int request;
        Activity activity;
        Bundle saved;

        Screen(Intent intent, Screen caller, int request) {
            this.intent = intent;
            this.caller = caller;
            this.request = request;
        }
    }

    private final File noBackupFolder;
    private final Class<? extends Application> app;
    private final List<Screen> stack = new ArrayList<>();
    private final List<ConnectivityManager.NetworkCallback> callbacks = new ArrayList<>();
    private shop.agora.preview.Device kind;
    private Resources resources;
    private Application application;
    private AlertDialog dialog;
    private View focused;
    private boolean isOnline = true;
    private final Deque<Runnable> changes = new ArrayDeque<>();
    private boolean isChanging;

    public Device(shop.agora.preview.Device kind, File noBackupFolder, Class<? extends Application> app) {
        this.noBackupFolder = noBackupFolder;
        this.app = app;
        hold(kind);
        startProcess();
    }

    private void hold(shop.agora.preview.Device held) {
        kind = held;
        resources = new Resources(new shop.agora.preview.Resources(held));
    }

    private void startProcess() {
        application = make(app);
        application.attach(this);
        application.onCreate();
    }

    private static <T> T make(Class<T> kind) {
        try {
            return kind.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(kind.getName(), e);
        }
    }

    // What the app asks of it.

    public Application application() {
        return application;
    }

    public Resources resources() {
        return resources;
    }

    public File noBackupFolder() {
        return noBackupFolder;
    }

    public boolean isOnline() {
        return isOnline;
    }

    public void watchNetwork(ConnectivityManager.NetworkCallback callback) {
        callbacks.add(callback);
    }

    public void unwatchNetwork(ConnectivityManager.NetworkCallback callback) {
        if (!callbacks.remove(callback)) {
            throw new IllegalArgumentException("NetworkCallback was not registered");
        }
    }

    public void focused(View view) {
        focused = view;
    }

    public void dialog(AlertDialog shown) {
        dialog = shown;
    }

    /** As on a device, screens change only once what is being done has come to its end. */
    private void change(Runnable work) {
        changes.add(work);
        if (isChanging) {
            return;
        }
        isChanging = true;
        try {
            for (Runnable next = changes.poll(); next != null; next = changes.poll()) {
                next.run();
            }
        } finally {
            isChanging = false;
            changes.clear();
        }
    }

    public void start(Intent intent, Activity caller, int request) {
        change(() -> startNow(intent, caller, request));
    }

    private void startNow(Intent intent, Activity caller, int request) {
        Screen below = stack.isEmpty() ? null : top();
        Screen screen = intent.reorders() ? find(intent.target()) : null;
        if (screen == null) {
            screen = new Screen(intent, caller == null ? null : below, request);
        }
        stack.remove(screen);
        stack.add(screen);
        show(screen, null);
        if (below != null && below != screen) {
            below.activity.stop();
        }
    }

    private Screen find(Class<?> kindOfScreen) {
        return stack.stream().filter(s -> s.intent.target() == kindOfScreen).findFirst().orElse(null);
    }

    private void show(Screen screen, Object handedOver) {
        if (screen.activity == null) {
            screen.activity = (Activity) make(screen.intent.target());
            screen.activity.attach(this);
            screen.activity.prepare(screen.intent, handedOver);
            screen.activity.create(screen.saved);
        }
        Bundle saved = screen.saved;
        screen.saved = null;
        if (screen == top()) {
            screen.activity.start(saved);
        }
    }

    public void finish(Activity activity) {
        change(() -> finishNow(activity));
    }

    private void finishNow(Activity activity) {
        Screen finished = stack.stream().filter(s -> s.activity == activity).findFirst().orElse(null);
        if (finished == null) {
            return;
        }
        stack.remove(finished);
        if (!stack.isEmpty()) {
            Screen below = top();
            if (finished.caller == below) {
                if (below.activity == null) {
                    show(below, null);
                    below.activity.stop();
                }
                below.activity.result(finished.request, activity.resultCode(), activity.resultData());
            }
            show(below, null);
        }
        activity.stop();
        activity.destroy();
    }

    // What happens to it.

    /** Rotates the device: everything is recreated, and gets back what it retained. */
    public void turn() {
        change(this::turnNow);
    }

    private void turnNow() {
        if (top().activity.isOrientationLocked()) {
            throw new AssertionError("this screen does not turn now");
        }
        hold(kind.turned());
        Screen screen = top();
        Activity old = screen.activity;
        Object handedOver = old.onRetainNonConfigurationInstance();
        screen.saved = old.save();
        old.stop();
        old.destroy();
        screen.activity = null;
        show(screen, handedOver);
    }

    /** The system needs the memory; the user comes back later. What was in memory is gone. */
    public void killProcess() {
        change(this::killNow);
    }

    private void killNow() {
        for (Screen screen : stack) {
            screen.saved = screen.activity.save();
            if (screen == top()) {
                screen.activity.stop();
            }
            screen.activity.destroy();
            screen.activity = null;
        }
        dialog = null;
        startProcess();
        show(top(), null);
    }

    public void goOnline(boolean online) {
        isOnline = online;
        for (ConnectivityManager.NetworkCallback callback : new ArrayList<>(callbacks)) {
            if (online) {
                callback.onAvailable(new Network());
            } else {
                callback.onLost(new Network());
            }
        }
    }

    // What a user does and sees.

    public void open(Class<? extends Activity> screen) {
        start(new Intent(null, screen), null, 0);
    }

    private Screen top() {
        return stack.get(stack.size() - 1);
    }

    public Class<?> screen() {
        return top().intent.target();
    }

    public void back() {
        finish(top().activity);
    }

    private View find(int id) {
        View view = top().activity.findViewById(id);
        if (view == null) {
            throw new AssertionError(screen().getSimpleName() + " has no view " + Resources.reference("id", id));
        }
        return view;
    }

    public boolean isShown(int id) {
        View view = top().activity.findViewById(id);
        return view != null && view.isShown();
    }

    public boolean isEnabled(int id) {
        return find(id).isEnabled();
    }

    /** Only what can be seen can be read. */
    public String text(int id) {
        return isShown(id) ? ((TextView) find(id)).getText().toString() : "";
    }

    private View touchable(int id) {
        View view = find(id);
        if (!view.isShown() || !view.isEnabled()) {
            throw new AssertionError(Resources.reference("id", id) + " cannot be touched");
        }
        return view;
    }

    public void tap(int id) {
        View view = touchable(id);
        change(() -> {
            if (!view.performClick()) {
                throw new AssertionError("nothing happens at a tap on " + Resources.reference("id", id));
            }
        });
    }

    public void type(int id, String text) {
        EditText field = (EditText) touchable(id);
        change(() -> field.setText(text));
    }

    public void press(int id, int action) {
        EditText field = (EditText) touchable(id);
        change(() -> field.press(action));
    }

    public void tapRow(int listId, int index) {
        AbsListView list = (AbsListView) touchable(listId);
        change(() -> list.tap(index));
    }

    public int rows(int listId) {
        return ((AbsListView) find(listId)).children().size();
    }

    public String description(int listId, int index) {
        return ((AbsListView) find(listId)).children().get(index).getContentDescription().toString();
    }

    public void scrollTo(int listId, int index) {
        AbsListView list = (AbsListView) touchable(listId);
        change(() -> list.scrollTo(index));
    }

    public void choose(String words) {
        change(() -> dialog.choose(words));
    }

    public boolean isFocused(int id) {
        return focused == find(id);
    }

    public View content() {
        return top().activity.content();
    }

    /** What is drawn by the app's own views. */
    public List<String> drawn() {
        Canvas canvas = new Canvas();
        content().showOn(canvas);
        return canvas.drawn;
    }

    /** Lets the main thread work until it is so. */
    public void until(String what, Callable<Boolean> isSo) throws Exception {
        long deadline = Looper.deadline();
        while (!isSo.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("expected: " + what + "; on the screen: " + texts(content()));
            }
            Runnable next = Looper.getMainLooper().next();
            if (next != null) {
                change(next);
            }
        }
    }

    /** Everything that can be read on the screen. */
    public static List<String> texts(View view) {
        List<String> texts = new ArrayList<>();
        if (view instanceof TextView && view.isShown()) {
            texts.add(((TextView) view).getText().toString());
        }
        if (view instanceof android.view.ViewGroup) {
            for (View child : ((android.view.ViewGroup) view).children()) {
                texts.addAll(texts(child));
            }
        }
        texts.removeIf(String::isEmpty);
        return texts;
    }
}
