package shop.agora.app;

import android.app.Activity;
import android.content.Intent;
import android.view.View;

/** The bar at the bottom of the three top-level screens. */
final class Navigation {
    private Navigation() {}

    static void bind(Activity screen, int selected) {
        bind(screen, R.id.nav_shop, ProductsActivity.class, selected);
        bind(screen, R.id.nav_orders, OrdersActivity.class, selected);
        bind(screen, R.id.nav_profile, ProfileActivity.class, selected);
    }

    private static void bind(final Activity screen, int id, final Class<? extends Activity> target, int selected) {
        View item = screen.findViewById(id);
        item.setSelected(id == selected);
        if (id == selected) {
            return;
        }
        item.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                screen.startActivity(new Intent(screen, target).addFlags(Intent.FLAG_ACTIVITY_REORDER_TO_FRONT
                        | Intent.FLAG_ACTIVITY_NO_ANIMATION));
                screen.overridePendingTransition(0, 0);
            }
        });
    }
}
