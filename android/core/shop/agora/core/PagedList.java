package shop.agora.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A list as a screen shows it: loaded page by page, refreshed, asked for something else while an answer is still on
 * its way. Answers come with the ticket of their question; late ones to an old question are dropped.
 */
public final class PagedList<T> {
    /** What the screen shows. With READY, {@link #failure} may still tell why it is not up to date. */
    public enum State { LOADING, EMPTY, READY, FAILED }

    /** A question to the shop. */
    public static final class Ticket {
        /** Null for the first page. */
        public final String after;
        private final int generation;

        private Ticket(int generation, String after) {
            this.generation = generation;
            this.after = after;
        }
    }

    private final List<T> items = new ArrayList<T>();
    private int generation;
    private boolean hasAnswer;
    private boolean isAsking;
    private String next;
    private Failure failure;

    /** Something else is wanted: what is shown goes. */
    public Ticket restart() {
        items.clear();
        hasAnswer = false;
        return refresh();
    }

    /** The same again: what is shown stays until the answer is there. */
    public Ticket refresh() {
        generation++;
        isAsking = true;
        failure = null;
        return new Ticket(generation, null);
    }

    /** The next page. Null where there is none, or something is on its way, or the last question failed. */
    public Ticket more() {
        if (isAsking || next == null || failure != null) {
            return null;
        }
        isAsking = true;
        return new Ticket(generation, next);
    }

    /** After a failure: what failed, again. */
    public Ticket retry() {
        failure = null;
        Ticket further = hasAnswer ? more() : null;
        return further == null ? refresh() : further;
    }

    public void accept(Ticket ticket, Page<T> page) {
        if (ticket.generation != generation) {
            return;
        }
        if (ticket.after == null) {
            items.clear();
        }
        items.addAll(page.items);
        next = page.next;
        hasAnswer = true;
        isAsking = false;
        failure = null;
    }

    public void fail(Ticket ticket, Failure why) {
        if (ticket.generation == generation) {
            isAsking = false;
            failure = why;
        }
    }

    public List<T> items() {
        return Collections.unmodifiableList(items);
    }

    public State state() {
        if (!items.isEmpty()) {
            return State.READY;
        }
        if (failure != null) {
            return State.FAILED;
        }
        return hasAnswer && !isAsking ? State.EMPTY : State.LOADING;
    }

    public Failure failure() {
        return failure;
    }

    public boolean isAsking() {
        return isAsking;
    }
}
