package shop.agora.app;

import android.content.Intent;
import android.os.Bundle;
import android.view.LayoutInflater;
import android.view.View;
import android.view.ViewGroup;
import android.widget.ImageView;
import android.widget.TextView;
import java.util.List;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.Order;
import shop.agora.core.OrderFollower;
import shop.agora.core.OrderStep;
import shop.agora.core.ShopClient;
import shop.agora.core.Timeline;

/** One order and its timeline, live for as long as something can still happen to it. */
public final class OrderActivity extends ShopActivity {
    static final String ID = "id";
    private static final String LAST_EVENT_ID = "last-event-id";

    private OrderFollower follower;
    private String lastEventId;
    private Seen seen;

    /** What was shown last: kept over a rotation. */
    private static final class Seen {
        final Order order;
        final List<OrderStep> steps;

        Seen(Order order, List<OrderStep> steps) {
            this.order = order;
            this.steps = steps;
        }
    }

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_order);
        header(R.string.order, true);
        refreshable(new Runnable() {
            @Override
            public void run() {
                unfollow();
                follow();
            }
        });
        findViewById(R.id.invoice).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                startActivity(new Intent(OrderActivity.this, InvoiceActivity.class).putExtra(InvoiceActivity.ID, id()));
            }
        });
        lastEventId = saved == null ? null : saved.getString(LAST_EVENT_ID);
        seen = (Seen) getLastNonConfigurationInstance();
        if (seen != null) {
            show();
        }
    }

    private String id() {
        return getIntent().getStringExtra(ID);
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return seen;
    }

    @Override
    protected void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putString(LAST_EVENT_ID, follower == null ? lastEventId : follower.lastEventId());
    }

    @Override
    protected void onStart() {
        super.onStart();
        follow();
    }

    @Override
    protected void onStop() {
        unfollow();
        super.onStop();
    }

    @Override
    void onNetworkBack() {
        if (follower != null) {
            follower.wake();
        }
    }

    private void follow() {
        final ShopClient shop = app().client();
        Listener listener = new Listener(shop);
        follower = new OrderFollower(shop, id(), lastEventId, listener);
        listener.mine = follower;
        showContent(seen != null);
        if (seen == null) {
            state.showLoading();
        }
        app().inBackground(follower);
    }

    private void unfollow() {
        final OrderFollower ended = follower;
        if (ended == null) {
            return;
        }
        lastEventId = ended.lastEventId();
        follower = null;
        app().inBackground(new Runnable() {
            @Override
            public void run() {
                ended.stop();
            }
        });
    }

    /** Brings what the follower says to the main thread, as long as it is this screen's follower. */
    private final class Listener implements OrderFollower.Listener {
        private final ShopClient shop;
        /** Set before the follower's thread starts. */
        private OrderFollower mine;

        Listener(ShopClient shop) {
            this.shop = shop;
        }

        @Override
        public void onOrder(final Order order, final List<OrderStep> steps) {
            onMain(new Runnable() {
                @Override
                public void run() {
                    seen = new Seen(order, steps);
                    show();
                }
            });
        }

        @Override
        public void onState(final OrderFollower.State now, final Failure why) {
            app().remember(shop);
            onMain(new Runnable() {
                @Override
                public void run() {
                    showFollowing(now, why);
                }
            });
        }

        private void onMain(final Runnable work) {
            app().onMain(new Runnable() {
                @Override
                public void run() {
                    if (follower == mine && !isDestroyed()) {
                        work.run();
                    }
                }
            });
        }
    }

    private void showContent(boolean isThere) {
        findViewById(R.id.content).setVisibility(isThere ? View.VISIBLE : View.GONE);
    }

    private void showFollowing(OrderFollower.State now, Failure why) {
        TextView live = (TextView) findViewById(R.id.live);
        switch (now) {
            case LIVE:
                live.setText(R.string.live_on);
                break;
            case CONNECTING:
                live.setText(R.string.live_connecting);
                break;
            case WAITING:
                live.setText(R.string.live_waiting);
                break;
            default:
                live.setText("");
                break;
        }
        boolean isOver = now == OrderFollower.State.SIGNED_OUT || now == OrderFollower.State.REFUSED;
        if (why != null && (isOver || seen == null)) {
            seen = null;
            showContent(false);
            showFailure(why, new Runnable() {
                @Override
                public void run() {
                    unfollow();
                    follow();
                }
            });
        }
    }

    private void show() {
        state.hide();
        showContent(true);
        Order order = seen.order;
        Formats formats = app().formats();
        ((PictureView) findViewById(R.id.picture)).show(order.productName, order.productName);
        ((TextView) findViewById(R.id.name)).setText(order.productName);
        ((TextView) findViewById(R.id.quantity)).setText(getString(R.string.quantity_times_price,
                formats.count(order.quantity), formats.amount(order.price, order.currency)));
        ((TextView) findViewById(R.id.total)).setText(formats.amount(order.total, order.currency));
        Badges.status((TextView) findViewById(R.id.status), order);
        TextView reasons = (TextView) findViewById(R.id.reasons);
        reasons.setVisibility(order.reasons.isEmpty() ? View.GONE : View.VISIBLE);
        reasons.setText(Texts.reasons(this, order));
        findViewById(R.id.invoice).setVisibility(order.invoiceNumber == null ? View.GONE : View.VISIBLE);
        showSteps(Timeline.of(order, seen.steps), formats);
    }

    private void showSteps(List<Timeline.Row> rows, Formats formats) {
        ViewGroup steps = (ViewGroup) findViewById(R.id.steps);
        steps.removeAllViews();
        for (Timeline.Row row : rows) {
            View view = LayoutInflater.from(this).inflate(R.layout.item_step, steps, false);
            ListScreen.text(view, R.id.name, Texts.step(this, row));
            TextView time = (TextView) view.findViewById(R.id.time);
            time.setText(when(row, rows.get(0), formats));
            time.setVisibility(row.atMs == 0 ? View.GONE : View.VISIBLE);
            mark((ImageView) view.findViewById(R.id.mark), row.tone);
            view.findViewById(R.id.line).setVisibility(row == rows.get(rows.size() - 1) ? View.GONE : View.VISIBLE);
            steps.addView(view);
        }
    }

    /** An order mostly takes less than a second: what tells its steps apart is how long after the first they came. */
    private String when(Timeline.Row row, Timeline.Row first, Formats formats) {
        if (row == first || !row.isSoonAfter(first)) {
            return row.atMs == 0 ? "" : formats.dateAndTime(row.atMs);
        }
        return getString(R.string.after_seconds, formats.seconds(row.atMs - first.atMs));
    }

    private void mark(ImageView mark, Timeline.Tone tone) {
        boolean isDone = tone == Timeline.Tone.DONE;
        boolean isBad = tone == Timeline.Tone.BAD;
        mark.setImageResource(isDone ? R.drawable.ic_check : isBad ? R.drawable.ic_cross : R.drawable.ic_clock);
        mark.setBackgroundResource(isDone ? R.drawable.round_good : isBad ? R.drawable.round_bad : R.drawable.round_waiting);
        mark.setColorFilter(getColor(isDone ? R.color.good : isBad ? R.color.bad : R.color.ink_soft));
    }
}
