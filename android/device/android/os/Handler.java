package android.os;

/** See {@link shop.agora.device.Device}. */
public class Handler {
    private final Looper looper;

    public Handler() {
        this(Looper.getMainLooper());
    }

    public Handler(Looper looper) {
        this.looper = looper;
    }

    public final boolean post(Runnable work) {
        looper.add(work, 0);
        return true;
    }

    public final boolean postDelayed(Runnable work, long delayMs) {
        looper.add(work, delayMs);
        return true;
    }

    public final void removeCallbacks(Runnable work) {
        looper.remove(work);
    }
}
