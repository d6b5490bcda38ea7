package shop.agora.core;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The rows of an order's timeline: what happened, and what is still waited for. */
public final class Timeline {
    /** How a row looks. */
    public enum Tone { DONE, BAD, WAITING }

    /** One row. */
    public static final class Row {
        public final OrderStep.Kind kind;
        /** The recorded name, for kinds without words of their own. */
        public final String event;
        public final Tone tone;
        /** 0 while it is waited for. */
        public final long atMs;

        private Row(OrderStep.Kind kind, String event, Tone tone, long atMs) {
            this.kind = kind;
            this.event = event;
            this.tone = tone;
            this.atMs = atMs;
        }

        /** Less than a minute. */
        public boolean isSoonAfter(Row first) {
            return atMs >= first.atMs && atMs - first.atMs < 60_000;
        }
    }

    private Timeline() {}

    public static List<Row> of(Order order, List<OrderStep> steps) {
        List<Row> rows = new ArrayList<Row>();
        Set<OrderStep.Kind> happened = EnumSet.noneOf(OrderStep.Kind.class);
        for (OrderStep step : steps) {
            happened.add(step.kind);
            rows.add(new Row(step.kind, step.event, step.isBad() ? Tone.BAD : Tone.DONE, step.atMs));
        }
        for (OrderStep.Kind awaited : awaited(order)) {
            if (!happened.contains(awaited)) {
                rows.add(new Row(awaited, "", Tone.WAITING, 0));
            }
        }
        return rows;
    }

    private static Set<OrderStep.Kind> awaited(Order order) {
        Set<OrderStep.Kind> awaited = EnumSet.noneOf(OrderStep.Kind.class);
        switch (order.status) {
            case PENDING:
                addIf(awaited, order.stock == Order.Part.PENDING, OrderStep.Kind.STOCK_RESERVED);
                addIf(awaited, order.credit == Order.Part.PENDING, OrderStep.Kind.CREDIT_RESERVED);
                awaited.add(OrderStep.Kind.FINALIZED);
                break;
            case APPROVED:
                awaited.add(OrderStep.Kind.FINALIZED);
                break;
            case FINALIZED:
                addIf(awaited, order.stock != Order.Part.COMMITTED, OrderStep.Kind.STOCK_COMMITTED);
                addIf(awaited, order.credit != Order.Part.COMMITTED, OrderStep.Kind.CREDIT_DEBITED);
                addIf(awaited, order.invoiceNumber == null, OrderStep.Kind.INVOICE_ISSUED);
                break;
            case CANCELED:
                // An answer that comes after the deadline is recorded too, and may have to be undone.
                addIf(awaited, order.stock == Order.Part.PENDING, OrderStep.Kind.STOCK_RESERVED);
                addIf(awaited, order.credit == Order.Part.PENDING, OrderStep.Kind.CREDIT_RESERVED);
                addIf(awaited, order.stock == Order.Part.RESERVED, OrderStep.Kind.STOCK_RELEASED);
                addIf(awaited, order.credit == Order.Part.RESERVED, OrderStep.Kind.CREDIT_RELEASED);
                break;
            default:
                break;
        }
        return awaited;
    }

    private static void addIf(Set<OrderStep.Kind> kinds, boolean isAwaited, OrderStep.Kind kind) {
        if (isAwaited) {
            kinds.add(kind);
        }
    }
}
