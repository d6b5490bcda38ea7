package shop.agora.app;

import android.content.Intent;
import android.os.Bundle;
import android.view.View;
import android.view.ViewGroup;
import android.widget.TextView;
import java.util.Arrays;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.Order;
import shop.agora.core.Page;
import shop.agora.core.ShopClient;

/** My orders, newest first. */
public final class OrdersActivity extends ListScreen<Order> {
    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_orders);
        header(R.string.my_orders, false);
        Navigation.bind(this, R.id.nav_orders);
        bindList();
    }

    /** Orders go on while one looks elsewhere: coming back shows how far they are. */
    @Override
    protected void onStart() {
        super.onStart();
        if (isNew()) {
            restart();
        } else {
            refresh();
        }
    }

    /** Another customer's orders are not these. */
    @Override
    Object source() {
        return Arrays.asList(app().client(), app().isLoggedIn() ? app().lastUserName() : "");
    }

    @Override
    Page<Order> load(ShopClient shop, String after) throws Failure {
        return shop.orders(after);
    }

    @Override
    View row(Order order, View recycled, ViewGroup parent) {
        View row = recycled != null ? recycled : getLayoutInflater().inflate(R.layout.item_order, parent, false);
        Formats formats = app().formats();
        String quantity = getString(R.string.quantity_times_price, formats.count(order.quantity),
                formats.amount(order.price, order.currency));
        String total = formats.amount(order.total, order.currency);
        String time = formats.dateAndTime(order.placedAtMs);
        ((PictureView) row.findViewById(R.id.picture)).show(order.productName, order.productName);
        text(row, R.id.name, order.productName);
        text(row, R.id.quantity, quantity);
        text(row, R.id.time, time);
        text(row, R.id.total, total);
        Badges.status((TextView) row.findViewById(R.id.status), order);
        row.setContentDescription(getString(R.string.order_row, order.productName, total,
                getString(Texts.status(order.status)), time));
        return row;
    }

    @Override
    void open(Order order) {
        startActivity(new Intent(this, OrderActivity.class).putExtra(OrderActivity.ID, order.id));
    }

    @Override
    void showEmpty() {
        state.show(R.drawable.ic_empty, getString(R.string.no_orders_title), getString(R.string.no_orders_text),
                getString(R.string.go_shopping), new Runnable() {
                    @Override
                    public void run() {
                        startActivity(new Intent(OrdersActivity.this, ProductsActivity.class)
                                .addFlags(Intent.FLAG_ACTIVITY_REORDER_TO_FRONT));
                    }
                });
    }
}
