package shop.agora.app;

import android.widget.TextView;
import shop.agora.core.Order;
import shop.agora.core.Product;

/** The small coloured labels. The words say the same as the colour. */
final class Badges {
    private Badges() {}

    static void status(TextView badge, Order order) {
        badge.setText(Texts.status(order.status));
        switch (order.status) {
            case FINALIZED:
                color(badge, R.drawable.badge_good, R.color.good);
                break;
            case CANCELED:
                color(badge, R.drawable.badge_bad, R.color.bad);
                break;
            default:
                color(badge, R.drawable.badge_plain, R.color.primary);
                break;
        }
    }

    static void availability(TextView badge, Product product) {
        badge.setText(Texts.availability(badge.getContext(), product));
        switch (product.availability()) {
            case IN_STOCK:
                color(badge, R.drawable.badge_good, R.color.good);
                break;
            case FEW:
                color(badge, R.drawable.badge_warn, R.color.warn);
                break;
            default:
                color(badge, R.drawable.badge_bad, R.color.bad);
                break;
        }
    }

    private static void color(TextView badge, int background, int text) {
        badge.setBackgroundResource(background);
        badge.setTextColor(badge.getContext().getColor(text));
    }
}
