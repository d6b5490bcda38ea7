package shop.agora.core;

/** How long to wait before the next try: twice as long each time, up to a limit. */
public final class Backoff {
    private final long firstMs;
    private final long mostMs;
    private long nextMs;

    public Backoff(long firstMs, long mostMs) {
        this.firstMs = firstMs;
        this.mostMs = mostMs;
        this.nextMs = firstMs;
    }

    public long next() {
        long wait = nextMs;
        nextMs = Math.min(mostMs, nextMs * 2);
        return wait;
    }

    public void reset() {
        nextMs = firstMs;
    }
}
