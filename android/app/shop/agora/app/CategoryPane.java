package shop.agora.app;

import android.view.View;
import android.view.ViewGroup;
import android.widget.AdapterView;
import android.widget.BaseAdapter;
import android.widget.EditText;
import android.widget.ListView;
import android.widget.TextView;
import java.util.ArrayList;
import java.util.List;
import shop.agora.core.Category;
import shop.agora.core.Failure;
import shop.agora.core.Page;
import shop.agora.core.ShopClient;

/** The list of categories with its search, first of all "all": a screen on phones, a pane on tablets. */
abstract class CategoryPane {
    private final ShopActivity screen;
    private final TextView note;
    private final EditText search;
    private final List<Category> categories = new ArrayList<Category>();
    private final BaseAdapter adapter = new Adapter();
    private String asked = "";

    CategoryPane(ShopActivity screen) {
        this.screen = screen;
        note = (TextView) screen.findViewById(R.id.categories_note);
        search = (EditText) screen.findViewById(R.id.category_search);
        ListView list = (ListView) screen.findViewById(R.id.categories);
        list.setAdapter(adapter);
        list.setOnItemClickListener(new AdapterView.OnItemClickListener() {
            @Override
            public void onItemClick(AdapterView<?> parent, View row, int index, long id) {
                picked(index == 0 ? null : categories.get(index - 1));
            }
        });
        new Typing.Search(search) {
            @Override
            void typed(String text) {
                if (!text.trim().equals(asked)) {
                    load();
                }
            }
        };
    }

    /** @param category null for all of them */
    abstract void picked(Category category);

    boolean isEmpty() {
        return categories.isEmpty();
    }

    void load() {
        if (screen.app().client() == null) {
            return;
        }
        final String wanted = search.getText().toString().trim();
        asked = wanted;
        if (categories.isEmpty()) {
            note(screen.getString(R.string.loading));
        }
        screen.app().call(screen, new Call<Page<Category>>() {
            @Override
            Page<Category> ask(ShopClient shop) throws Failure {
                return shop.categories(wanted, null);
            }

            @Override
            void done(Page<Category> page) {
                if (wanted.equals(asked)) {
                    show(page.items);
                }
            }

            @Override
            void failed(Failure failure) {
                if (wanted.equals(asked)) {
                    show(new ArrayList<Category>());
                    note(Texts.sentence(screen, failure));
                }
            }
        });
    }

    private void show(List<Category> found) {
        categories.clear();
        categories.addAll(found);
        adapter.notifyDataSetChanged();
        note(found.isEmpty() && !asked.isEmpty() ? screen.getString(R.string.no_categories) : "");
    }

    private void note(String text) {
        note.setText(text);
        note.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
    }

    private final class Adapter extends BaseAdapter {
        /** Where a note stands in their place there are no rows below it. */
        @Override
        public int getCount() {
            return categories.isEmpty() ? 0 : categories.size() + 1;
        }

        @Override
        public Object getItem(int index) {
            return index == 0 ? null : categories.get(index - 1);
        }

        @Override
        public long getItemId(int index) {
            return index;
        }

        @Override
        public View getView(int index, View recycled, ViewGroup parent) {
            View row = recycled != null ? recycled
                    : screen.getLayoutInflater().inflate(R.layout.item_category, parent, false);
            Category category = index == 0 ? null : categories.get(index - 1);
            String name = category == null ? screen.getString(R.string.all_categories) : category.name;
            ListScreen.text(row, R.id.name, name);
            ListScreen.text(row, R.id.count, category == null ? "" : screen.app().formats().count(category.products));
            row.setContentDescription(category == null ? name : screen.getResources()
                    .getQuantityString(R.plurals.category_row, category.products, category.products, name));
            return row;
        }
    }
}
