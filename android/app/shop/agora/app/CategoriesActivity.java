package shop.agora.app;

import android.content.Intent;
import android.os.Bundle;
import shop.agora.core.Category;

/** Picks a category, on phones. */
public final class CategoriesActivity extends ShopActivity {
    static final String ID = "id";
    static final String NAME = "name";

    private CategoryPane pane;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_categories);
        header(R.string.categories, true);
        pane = new CategoryPane(this) {
            @Override
            void picked(Category category) {
                setResult(RESULT_OK, category == null ? new Intent()
                        : new Intent().putExtra(ID, category.id).putExtra(NAME, category.name));
                finish();
            }
        };
    }

    @Override
    protected void onStart() {
        super.onStart();
        pane.load();
    }

    @Override
    void onNetworkBack() {
        pane.load();
    }
}
