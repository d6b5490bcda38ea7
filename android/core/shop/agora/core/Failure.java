package shop.agora.core;

/** A call to the shop that brought no answer to use. The kind decides what the screen says and offers. */
public final class Failure extends Exception {
    private static final long serialVersionUID = 1;

    /** What went wrong, as far as it matters to the person in front of the screen. */
    public enum Kind {
        /** No connection to that address: nothing was sent. */
        UNREACHABLE,
        /** The connection was lost on the way. */
        CUT,
        /** Connected, but no whole answer in time. */
        TIMEOUT,
        /** The encrypted connection could not be trusted. */
        INSECURE,
        /** Something answered, but not as the shop does. */
        NOT_THE_SHOP,
        /** The shop, or a part of it, asks to come back later (429, 503). */
        BUSY,
        /** No token, or one that no longer counts (401). */
        SIGNED_OUT,
        /** The shop understood and said no: {@link Failure#problem} has its words. */
        REFUSED,
        /** The shop failed (other 5xx). */
        BROKEN
    }

    /** The type of the problem that the shop could not answer an order in time, and recorded nothing of it. */
    private static final String ORDERS_BUSY = "/problems/orders-busy";

    public final Kind kind;
    /** The answer's status, or 0 where there was none. */
    public final int status;
    /** Null unless the shop answered with a failure. */
    public final Problem problem;
    /** Seconds the shop asks to wait, or 0. */
    public final int retryAfterSeconds;

    private Failure(Kind kind, int status, Problem problem, int retryAfterSeconds, Throwable cause) {
        super(kind.name(), cause);
        this.kind = kind;
        this.status = status;
        this.problem = problem;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    static Failure of(Kind kind, Throwable cause) {
        return new Failure(kind, 0, null, 0, cause);
    }

    static Failure answered(int status, String body, int retryAfterSeconds) {
        return new Failure(kindOf(status), status, Problem.parse(body), retryAfterSeconds, null);
    }

    private static Kind kindOf(int status) {
        if (status == 401) {
            return Kind.SIGNED_OUT;
        }
        if (status == 429 || status == 503) {
            return Kind.BUSY;
        }
        if (status >= 500) {
            return Kind.BROKEN;
        }
        return status >= 400 ? Kind.REFUSED : Kind.NOT_THE_SHOP;
    }

    /**
     * Whether the request may have been carried out all the same. Then only the very same request, with the same
     * key, may be sent again.
     */
    public boolean isUncertain() {
        return kind == Kind.TIMEOUT || kind == Kind.CUT || kind == Kind.BROKEN || kind == Kind.NOT_THE_SHOP
                || (status == 503 && !isBusyWithOrders());
    }

    /** Whether the shop refused an order for now: nothing of it was recorded, and it is worth sending it again. */
    public boolean isBusyWithOrders() {
        return status == 503 && problem != null && problem.type.equals(ORDERS_BUSY);
    }
}
