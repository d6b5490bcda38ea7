package android.widget;

/** See {@link shop.agora.device.Device}. */
public abstract class BaseAdapter implements ListAdapter {
    private Runnable observer;

    void observedBy(Runnable list) {
        observer = list;
    }

    public void notifyDataSetChanged() {
        if (observer != null) {
            observer.run();
        }
    }
}
