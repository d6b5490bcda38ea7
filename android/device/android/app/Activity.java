package android.app;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.view.LayoutInflater;
import android.view.View;
import android.view.ViewGroup;
import android.view.Window;
import android.widget.EditText;
import shop.agora.device.Attributes;
import shop.agora.preview.Box;

/** A screen, with the life that {@link shop.agora.device.Device} leads it through. */
public class Activity extends Context {
    public static final int RESULT_CANCELED = 0;
    public static final int RESULT_OK = -1;

    /** {@code ActivityInfo.SCREEN_ORIENTATION_LOCKED}. */
    private static final int LOCKED = 14;

    private Intent intent;
    private Object handedOver;
    private View content;
    private boolean isDestroyed;
    private boolean isOrientationLocked;
    private int result = RESULT_CANCELED;
    private Intent resultData;

    public void prepare(Intent startedBy, Object nonConfiguration) {
        intent = startedBy;
        handedOver = nonConfiguration;
    }

    protected void onCreate(Bundle saved) {}

    protected void onStart() {}

    protected void onStop() {}

    protected void onSaveInstanceState(Bundle saved) {}

    /** As Android does: the views whose state is kept get it back. */
    protected void onRestoreInstanceState(Bundle saved) {
        restore(content, saved);
    }

    protected void onActivityResult(int request, int code, Intent data) {}

    public Object onRetainNonConfigurationInstance() {
        return null;
    }

    public Object getLastNonConfigurationInstance() {
        return handedOver;
    }

    public void create(Bundle saved) {
        onCreate(saved);
    }

    public void start(Bundle saved) {
        onStart();
        if (saved != null) {
            onRestoreInstanceState(saved);
        }
    }

    public void stop() {
        onStop();
    }

    public Bundle save() {
        Bundle saved = new Bundle();
        onSaveInstanceState(saved);
        save(content, saved);
        return saved;
    }

    public void destroy() {
        isDestroyed = true;
    }

    public void result(int request, int code, Intent data) {
        onActivityResult(request, code, data);
    }

    private static boolean isKept(View view) {
        return view instanceof EditText && view.getId() != View.NO_ID && view.isSaveEnabled();
    }

    private static void save(View view, Bundle saved) {
        if (isKept(view)) {
            saved.values().put("view:" + view.getId(), ((EditText) view).getText().toString());
        }
        if (view instanceof ViewGroup) {
            ((ViewGroup) view).children().forEach(child -> save(child, saved));
        }
    }

    private static void restore(View view, Bundle saved) {
        if (isKept(view)) {
            String text = (String) saved.values().get("view:" + view.getId());
            if (text != null) {
                ((EditText) view).setText(text);
            }
        }
        if (view instanceof ViewGroup) {
            ((ViewGroup) view).children().forEach(child -> restore(child, saved));
        }
    }

    public Intent getIntent() {
        return intent;
    }

    public void setContentView(int layout) {
        content = getLayoutInflater().inflate(layout, null, false);
    }

    public View content() {
        return content;
    }

    public View findViewById(int id) {
        return content.findViewById(id);
    }

    public LayoutInflater getLayoutInflater() {
        return LayoutInflater.from(this);
    }

    public Window getWindow() {
        return new Window(new View(this, new Attributes(Box.blank(getResources().files()))));
    }

    public boolean isOrientationLocked() {
        return isOrientationLocked;
    }

    public boolean isDestroyed() {
        return isDestroyed;
    }

    public final void setResult(int code) {
        setResult(code, null);
    }

    public final void setResult(int code, Intent data) {
        result = code;
        resultData = data;
    }

    public int resultCode() {
        return result;
    }

    public Intent resultData() {
        return resultData;
    }

    public void finish() {
        device().finish(this);
    }

    public void startActivityForResult(Intent wanted, int request) {
        device().start(wanted, this, request);
    }

    public void overridePendingTransition(int enter, int exit) {}

    public void setRequestedOrientation(int orientation) {
        isOrientationLocked = orientation == LOCKED;
    }
}
