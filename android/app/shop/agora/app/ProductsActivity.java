package shop.agora.app;

import android.app.AlertDialog;
import android.content.DialogInterface;
import android.content.Intent;
import android.os.Bundle;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.EditText;
import shop.agora.core.Category;
import shop.agora.core.Failure;
import shop.agora.core.Page;
import shop.agora.core.Product;
import shop.agora.core.ProductQuery;
import shop.agora.core.ShopClient;

/** The shop window: products by category, search and order. On tablets the categories stand beside them. */
public final class ProductsActivity extends ListScreen<Product> {
    private static final int PICK_CATEGORY = 1;
    private static final String CATEGORY_ID = "category-id";
    private static final String CATEGORY_NAME = "category-name";
    private static final String SEARCH = "search";
    private static final String SORT = "sort";

    private ProductQuery query = ProductQuery.ALL;
    private CategoryPane pane;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        if (saved != null) {
            query = ProductQuery.ALL.inCategory(saved.getString(CATEGORY_ID), saved.getString(CATEGORY_NAME))
                    .matching(saved.getString(SEARCH, ""))
                    .sortedBy(ProductQuery.Sort.valueOf(saved.getString(SORT)));
        }
        setContentView(R.layout.activity_products);
        header(R.string.app_name, false);
        action(R.drawable.ic_settings, R.string.settings, new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                open(SettingsActivity.class);
            }
        });
        Navigation.bind(this, R.id.nav_shop);
        bindTools();
        bindCategories();
        bindList();
        if (app().client() == null && saved == null) {
            open(SettingsActivity.class);
        }
    }

    private void bindTools() {
        new Typing.Search((EditText) findViewById(R.id.search)) {
            @Override
            void typed(String text) {
                if (!text.trim().equals(query.search)) {
                    ask(query.matching(text));
                }
            }
        };
        findViewById(R.id.sort).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                chooseSort();
            }
        });
    }

    private void bindCategories() {
        if (findViewById(R.id.categories) != null) {
            pane = new CategoryPane(this) {
                @Override
                void picked(Category category) {
                    show(category);
                }
            };
            return;
        }
        findViewById(R.id.category).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                startActivityForResult(new Intent(ProductsActivity.this, CategoriesActivity.class), PICK_CATEGORY);
            }
        });
        nameCategory();
    }

    private void nameCategory() {
        Button button = (Button) findViewById(R.id.category);
        if (button != null) {
            button.setText(query.categoryId == null ? getString(R.string.all_categories) : query.categoryName);
        }
    }

    @Override
    protected void onStart() {
        super.onStart();
        if (app().client() != null && isNew()) {
            if (pane != null) {
                pane.load();
            }
            restart();
        } else if (pane != null && pane.isEmpty()) {
            pane.load();
        }
    }

    @Override
    protected void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putString(CATEGORY_ID, query.categoryId);
        saved.putString(CATEGORY_NAME, query.categoryName);
        saved.putString(SEARCH, query.search);
        saved.putString(SORT, query.sort.name());
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        if (request == PICK_CATEGORY && result == RESULT_OK) {
            ask(query.inCategory(data.getStringExtra(CategoriesActivity.ID), data.getStringExtra(CategoriesActivity.NAME)));
        }
    }

    /** @param category null for all */
    private void show(Category category) {
        ask(query.inCategory(category == null ? null : category.id, category == null ? null : category.name));
    }

    private void ask(ProductQuery wanted) {
        query = wanted;
        nameCategory();
        restart();
    }

    private void chooseSort() {
        final ProductQuery.Sort[] sorts = ProductQuery.Sort.values();
        String[] names = {getString(R.string.sort_best), getString(R.string.sort_name), getString(R.string.sort_cheapest),
            getString(R.string.sort_dearest), getString(R.string.sort_newest), getString(R.string.sort_sold),
            getString(R.string.sort_available)};
        new AlertDialog.Builder(this).setTitle(R.string.sort).setNegativeButton(R.string.cancel, null)
                .setSingleChoiceItems(names, query.sort.ordinal(), new DialogInterface.OnClickListener() {
                    @Override
                    public void onClick(DialogInterface dialog, int index) {
                        dialog.dismiss();
                        ask(query.sortedBy(sorts[index]));
                    }
                }).show();
    }

    @Override
    Page<Product> load(ShopClient shop, String after) throws Failure {
        return shop.products(query, after);
    }

    @Override
    View row(Product product, View recycled, ViewGroup parent) {
        View row = recycled != null ? recycled : getLayoutInflater().inflate(R.layout.item_product, parent, false);
        String price = app().formats().amount(product.price, product.currency);
        String availability = Texts.availability(this, product);
        ((PictureView) row.findViewById(R.id.picture)).show(product.categoryName, product.name);
        text(row, R.id.name, product.name);
        text(row, R.id.price, price);
        text(row, R.id.availability, availability);
        row.setContentDescription(getString(R.string.product_row, product.name, price, availability));
        return row;
    }

    @Override
    void open(Product product) {
        startActivity(new Intent(this, ProductActivity.class).putExtra(ProductActivity.ID, product.id));
    }

    @Override
    void showEmpty() {
        boolean isWholeShop = query.categoryId == null && query.search.isEmpty();
        state.show(R.drawable.ic_empty,
                getString(isWholeShop ? R.string.empty_shop_title : R.string.no_products_title),
                getString(isWholeShop ? R.string.empty_shop_text : R.string.no_products_text),
                getString(isWholeShop ? R.string.refresh : R.string.show_all), new Runnable() {
                    @Override
                    public void run() {
                        ProductQuery.Sort kept = query.sort;
                        ((EditText) findViewById(R.id.search)).setText("");
                        ask(ProductQuery.ALL.sortedBy(kept));
                    }
                });
    }
}
