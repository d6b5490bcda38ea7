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
    private Ticket asked;
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
        failure = null;
        asked = new Ticket(generation, null);
        return asked;
    }

    /** The next page. Null where there is none, or something is on its way, or the last question failed. */
    public Ticket more() {
        if (asked != null || next == null || failure != null) {
            return null;
        }
        asked = new Ticket(generation, next);
        return asked;
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
        asked = null;
        failure = null;
    }

    public void fail(Ticket ticket, Failure why) {
        if (ticket.generation == generation) {
            asked = null;
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
        return hasAnswer && asked == null ? State.EMPTY : State.LOADING;
    }

    public Failure failure() {
        return failure;
    }

    /** What is still without an answer, or null: a screen that takes over the list has to ask it again. */
    public Ticket asked() {
        return asked;
    }
}
