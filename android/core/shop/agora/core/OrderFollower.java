package shop.agora.core;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.util.List;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * Follows one order until nothing more will happen to it, over any number of lost connections.
 *
 * <pre>
 *               stream open, order read             order settled
 *  CONNECTING ──────────────────────────▶ LIVE ────────────────────▶ SETTLED
 *    ▲    │ no connection                  │ lost
 *    │    └──────────▶ WAITING ◀───────────┘
 *    └── after a while, or wake() ──┘        401 ▶ SIGNED_OUT    other 4xx ▶ REFUSED
 * </pre>
 *
 * The order is read only once the stream is open, and again at every event about it: whatever changes between two
 * reads is announced on the stream, and the resumed stream ({@code Last-Event-ID}) announces what was missed.
 */
public final class OrderFollower implements Runnable {
    /** Where the following stands. */
    public enum State { CONNECTING, LIVE, WAITING, SETTLED, SIGNED_OUT, REFUSED }

    /** Told from the follower's own thread. */
    public interface Listener {
        void onOrder(Order order, List<OrderStep> steps);

        /** @param why null unless something failed */
        void onState(State state, Failure why);
    }

    /** Services send a comment every 15 seconds or so: three of them missed is a dead connection. */
    private static final int SILENCE_MS = 45_000;
    /** A shop that is just starting says 404 to everything: an order is unknown only if that lasts. */
    private static final int NOT_FOUND_BEFORE_GIVING_UP = 6;

    private final ShopClient client;
    private final String orderId;
    private final Listener listener;
    private final Backoff backoff;
    private final Object lock = new Object();
    private String lastEventId;
    private HttpURLConnection connection;
    private boolean stopped;
    private boolean woken;
    private int notFoundInARow;

    /** @param lastEventId of an earlier follower of the same order, or null */
    public OrderFollower(ShopClient client, String orderId, String lastEventId, Listener listener) {
        this(client, orderId, lastEventId, listener, new Backoff(500, 15_000));
    }

    OrderFollower(ShopClient client, String orderId, String lastEventId, Listener listener, Backoff backoff) {
        this.client = client;
        this.orderId = orderId;
        this.lastEventId = lastEventId;
        this.listener = listener;
        this.backoff = backoff;
    }

    /** Where to go on after a pause. */
    public String lastEventId() {
        synchronized (lock) {
            return lastEventId;
        }
    }

    /** The network is back: try now. */
    public void wake() {
        synchronized (lock) {
            woken = true;
            lock.notifyAll();
        }
    }

    /** Ends {@link #run} soon, without another word to the listener. It may touch the network: not on the main thread. */
    public void stop() {
        HttpURLConnection open;
        synchronized (lock) {
            stopped = true;
            open = connection;
            lock.notifyAll();
        }
        if (open != null) {
            open.disconnect();
        }
    }

    @Override
    public void run() {
        while (!isStopped()) {
            tell(State.CONNECTING, null);
            try {
                if (follow()) {
                    tell(State.SETTLED, null);
                    return;
                }
                waitAfter(null);
            } catch (Failure failure) {
                if (!isWorthAnotherTry(failure)) {
                    tell(failure.kind == Failure.Kind.SIGNED_OUT ? State.SIGNED_OUT : State.REFUSED, failure);
                    return;
                }
                waitAfter(failure);
            }
        }
    }

    /** An id that the shop no longer accepts (it was set up again) is dropped; without one, a refusal is final. */
    private boolean isWorthAnotherTry(Failure failure) {
        if (failure.kind == Failure.Kind.SIGNED_OUT) {
            return false;
        }
        if (failure.kind != Failure.Kind.REFUSED) {
            return true;
        }
        if (failure.status == 404) {
            return ++notFoundInARow < NOT_FOUND_BEFORE_GIVING_UP;
        }
        synchronized (lock) {
            boolean hadId = lastEventId != null;
            lastEventId = null;
            return hadId;
        }
    }

    /** One connection, from opening it to its end. @return whether the order is settled */
    private boolean follow() throws Failure {
        HttpURLConnection opened = client.orderEvents(lastEventId(), SILENCE_MS);
        synchronized (lock) {
            connection = opened;
        }
        try {
            if (isStopped()) {
                return false;
            }
            EventStream events = new EventStream(opened.getInputStream(), lastEventId());
            boolean settled = show();
            tell(State.LIVE, null);
            backoff.reset();
            notFoundInARow = 0;
            EventStream.Event event = settled ? null : events.next();
            while (event != null) {
                synchronized (lock) {
                    lastEventId = event.id;
                }
                if (concernsOrder(event) && show()) {
                    return true;
                }
                event = events.next();
            }
            return settled;
        } catch (IOException e) {
            throw Http.lost(e);
        } finally {
            opened.disconnect();
        }
    }

    private boolean show() throws Failure {
        Order order = client.order(orderId);
        List<OrderStep> steps = client.history(orderId);
        if (!isStopped()) {
            listener.onOrder(order, steps);
        }
        return order.isSettled();
    }

    /** What cannot be read may be about this order: reading once too often does no harm. */
    private boolean concernsOrder(EventStream.Event event) {
        if (event.id != null && event.id.matches("\\d{1,18}")) {
            client.reached(Long.parseLong(event.id));
        }
        try {
            JSONObject change = new JSONObject(event.data);
            JSONObject order = change.optJSONObject("Order");
            String about = Json.optString(order == null ? change : order, "OrderId");
            return about.isEmpty() || about.equals(orderId);
        } catch (JSONException e) {
            return true;
        }
    }

    private void waitAfter(Failure failure) {
        long waitMs = Math.max(backoff.next(), failure == null ? 0 : failure.retryAfterSeconds * 1_000L);
        tell(State.WAITING, failure);
        long deadline = System.nanoTime() + waitMs * 1_000_000L;
        synchronized (lock) {
            long leftMs = waitMs;
            while (!stopped && !woken && leftMs > 0) {
                try {
                    lock.wait(leftMs);
                } catch (InterruptedException e) {
                    stopped = true;
                }
                leftMs = (deadline - System.nanoTime()) / 1_000_000L;
            }
            woken = false;
        }
    }

    private boolean isStopped() {
        synchronized (lock) {
            return stopped;
        }
    }

    private void tell(State state, Failure why) {
        if (!isStopped()) {
            listener.onState(state, why);
        }
    }
}
